use anju_definitions::Level;
use serde::{Deserialize, Serialize};

/// Who acts: a person at a post, the platform itself, or somebody who is not signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub account_id: String,
    /// Name of the person, as history shows it.
    pub name: String,
    pub kind: ActorKind,
    /// The post the person works from; decides which rows they see.
    pub post: Option<Post>,
    /// Keys of the roles held at that post.
    pub roles: Vec<String>,
    pub session_id: Option<String>,
    pub ip: Option<String>,
    pub request_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    Person,
    /// The platform: sees everything in clear and may set `system` fields.
    System,
    /// Not signed in: has the rights of the roles of level `public`.
    Public,
}

/// A post in an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub id: String,
    pub org_id: String,
    pub org_title: String,
    pub level: Level,
    /// GB/T 2260 code, 6 digits.
    pub district: Option<String>,
    /// Sub-district code, 9 digits.
    pub subdistrict: Option<String>,
    /// Id of the operator's organisation; the post's own organisation when absent.
    pub operator: Option<String>,
}

impl Post {
    /// The operator whose rows a post of level `operator` sees.
    pub fn operator(&self) -> &str {
        self.operator.as_deref().unwrap_or(&self.org_id)
    }
}

impl Actor {
    /// The platform acting for itself, e.g. `Actor::system("process")`.
    pub fn system(name: &str) -> Self {
        Self {
            account_id: "system".to_owned(),
            name: name.to_owned(),
            kind: ActorKind::System,
            post: None,
            roles: Vec::new(),
            session_id: None,
            ip: None,
            request_id: None,
        }
    }

    /// Somebody who is not signed in.
    pub fn public(ip: Option<&str>) -> Self {
        Self {
            account_id: "public".to_owned(),
            name: "社会公众".to_owned(),
            kind: ActorKind::Public,
            ip: ip.map(str::to_owned),
            ..Self::system("")
        }
    }

    /// The platform finishing what this actor began: system rights, the actor's name in history and audit.
    pub fn on_behalf(&self) -> Self {
        Self { kind: ActorKind::System, ..self.clone() }
    }

    pub fn is_system(&self) -> bool {
        self.kind == ActorKind::System
    }
}
