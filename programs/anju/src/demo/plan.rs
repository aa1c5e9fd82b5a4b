//! How far each case of the demonstration gets.

/// Where a case stands when the demonstration begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Draft,
    PreReview,
    PreReviewRefused,
    Acceptance,
    NotAccepted,
    Supplement,
    Verification,
    VerificationReview,
    PreliminaryReview,
    PreliminaryFailed,
    PreliminaryConfirm,
    LocalNotice,
    LocalNoticeRunning,
    SecondaryReview,
    SecondaryConfirm,
    OnlineNotice,
    OnlineNoticeRunning,
    OnlineNoticeConfirm,
    Admission,
    Admitted,
    Withdrawn,
}

use Goal::*;

/// Goals in the proportions of a working office; every goal comes up within the first 40.
const MIX: [Goal; 40] = [
    Admitted,
    Acceptance,
    PreReview,
    VerificationReview,
    PreliminaryReview,
    Admitted,
    Draft,
    LocalNotice,
    SecondaryReview,
    LocalNoticeRunning,
    Admitted,
    Verification,
    Supplement,
    PreliminaryConfirm,
    Admission,
    NotAccepted,
    OnlineNotice,
    SecondaryConfirm,
    OnlineNoticeRunning,
    Admitted,
    PreliminaryFailed,
    Acceptance,
    PreReviewRefused,
    OnlineNoticeConfirm,
    Withdrawn,
    Admitted,
    PreReview,
    Acceptance,
    PreliminaryReview,
    SecondaryReview,
    Admitted,
    Verification,
    VerificationReview,
    LocalNoticeRunning,
    Admission,
    Admitted,
    Supplement,
    PreReview,
    Acceptance,
    Admitted,
];

impl Goal {
    pub fn of(index: u32) -> Self {
        MIX[index as usize % MIX.len()]
    }

    /// Calendar days a case needs to get here, notices and weekends included.
    pub fn days_needed(self) -> i64 {
        match self {
            Draft | PreReview | Verification => 0,
            Acceptance | PreReviewRefused | NotAccepted | Supplement | Withdrawn => 1,
            VerificationReview => 3,
            PreliminaryReview => 4,
            PreliminaryFailed | PreliminaryConfirm => 5,
            LocalNotice => 6,
            LocalNoticeRunning => 7,
            SecondaryReview => 22,
            SecondaryConfirm => 23,
            OnlineNotice => 24,
            OnlineNoticeRunning => 25,
            OnlineNoticeConfirm => 40,
            Admission => 41,
            Admitted => 43,
        }
    }

    /// Whether the household must pass all checks to get here.
    pub fn needs_passing(self) -> bool {
        self.days_needed() >= 5 && self != PreliminaryFailed
    }

    /// Cases whose calls to outside systems are still to be made: they come last, so that nothing of another
    /// case sets them off.
    pub fn leaves_calls_open(self) -> bool {
        self == Verification
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goal_comes_up() {
        let goals = [
            Draft,
            PreReview,
            PreReviewRefused,
            Acceptance,
            NotAccepted,
            Supplement,
            Verification,
            VerificationReview,
            PreliminaryReview,
            PreliminaryFailed,
            PreliminaryConfirm,
            LocalNotice,
            LocalNoticeRunning,
            SecondaryReview,
            SecondaryConfirm,
            OnlineNotice,
            OnlineNoticeRunning,
            OnlineNoticeConfirm,
            Admission,
            Admitted,
            Withdrawn,
        ];
        for goal in goals {
            assert!((0..40).any(|index| Goal::of(index) == goal), "{goal:?} is missing");
        }
    }
}
