use jiff::SignedDuration;

/// Limits of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// It ends when it was not used for this long.
    pub idle: SignedDuration,
    /// It ends this long after the log-in, used or not.
    pub absolute: SignedDuration,
}

/// What a site may decide about log-ins. The defaults are those of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPolicy {
    /// Failed log-ins in a row after which the account locks.
    pub failures_max: u32,
    /// Failures further apart than this do not add up.
    pub failure_window: SignedDuration,
    pub lock: SignedDuration,
    /// Shortest password in characters.
    pub password_length_min: usize,
    /// Shortest password of the three administrators.
    pub administrator_password_length_min: usize,
    /// An initial password that was not used is void after this long.
    pub initial_password_valid: SignedDuration,
    pub sessions: SessionLimits,
    pub administrator_sessions: SessionLimits,
    /// Password checks at the same time; fewer than `failures_max`, so that several right log-ins of one
    /// account at once cannot lock it.
    pub checks_at_once_max: usize,
    /// Log-ins that may wait for a check; further ones are sent away.
    pub checks_waiting_max: usize,
    /// How long a session's actor is remembered: a stopped account or a taken role works on this long.
    pub actor_cached: SignedDuration,
}

impl Default for IdentityPolicy {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            failures_max: 5,
            failure_window: SignedDuration::from_mins(15),
            lock: SignedDuration::from_mins(30),
            password_length_min: 10,
            administrator_password_length_min: 12,
            initial_password_valid: SignedDuration::from_hours(24),
            sessions: SessionLimits {
                idle: SignedDuration::from_mins(30),
                absolute: SignedDuration::from_hours(12),
            },
            administrator_sessions: SessionLimits {
                idle: SignedDuration::from_mins(15),
                absolute: SignedDuration::from_hours(8),
            },
            checks_at_once_max: cores.min(4),
            checks_waiting_max: 64,
            actor_cached: SignedDuration::from_secs(5),
        }
    }
}
