use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, Platform, Reply};

/// The two people it takes to change the platform.
pub struct Shapers {
    pub designer: Client,
    pub publisher: Client,
}

impl Shapers {
    pub async fn of(platform: &Platform) -> Self {
        Self { designer: platform.log_in("designer").await, publisher: platform.log_in("publisher").await }
    }

    /// Drafts a definition; its kind and key are those of its first line.
    pub async fn draft(&self, text: &str) -> Reply {
        let (kind, key) = name_of(text);
        let path = format!("/api/definitions/drafts/{kind}/{key}");
        let earlier = self.designer.get(&path).await;
        let revision = earlier.body["revision"].clone();
        let body = json!({ "text": text, "revision": revision });
        self.designer.send(Method::PUT, &path, Some(body), &[]).await
    }

    /// Drafts that a definition of the site goes.
    pub async fn draft_removal(&self, kind: &str, key: &str) -> Reply {
        let path = format!("/api/definitions/drafts/{kind}/{key}");
        self.designer.send(Method::PUT, &path, Some(json!({})), &[]).await
    }

    pub async fn preview(&self) -> Value {
        self.publisher.post("/api/definitions/preview", json!({})).await.ok()
    }

    pub async fn publish_all(&self, reason: &str) -> Reply {
        self.publisher.post("/api/definitions/publish", json!({ "reason": reason })).await
    }

    /// Drafts and publishes.
    pub async fn publish(&self, texts: &[&str]) -> Value {
        for text in texts {
            self.draft(text).await.ok();
        }
        self.publish_all("测试发布").await.ok()
    }
}

/// Gives a role to whoever bears the name, in the first of their posts.
pub async fn grant(platform: &Platform, name: &str, role: &str) {
    let system = anju_runtime::records::Actor::system("test");
    let records = &platform.runtime.records;
    let query = json!({ "page": { "size": 100 } });
    let query = serde_json::from_value(query).expect("a query");
    let posts = records.query(&system, "platform.post", &query).await.expect("posts");
    let post = posts.items.iter().find(|post| post.get("$refs")["account"] == name).expect("a post");
    let mut roles = post.get("roles").as_array().cloned().unwrap_or_default();
    roles.push(role.into());
    let change = json!({ "roles": roles }).as_object().cloned().expect("an object");
    let mut tx = platform.runtime.store.begin().await.expect("a transaction");
    records.patch(&mut tx, &system, "platform.post", &post.id, None, change, None).await.expect("a grant");
    tx.commit().await.expect("committed");
}

/// Kind and key from the first line that is no comment.
fn name_of(text: &str) -> (String, String) {
    let line = text.lines().find(|line| !line.starts_with('#')).expect("a first line");
    let (kind, key) = line.split_once(": ").expect("kind: key");
    (kind.to_owned(), key.trim().to_owned())
}
