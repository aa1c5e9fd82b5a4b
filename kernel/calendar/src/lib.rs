//! Time as the platform sees it: a clock that is passed in, civil days in Asia/Shanghai, and counting in
//! working days by a calendar of holidays and make-up days that is data.
//!
//! What it never does: read the system clock anywhere but in [`SystemClock`]; know where the calendar's
//! days are kept.

mod clock;
mod working_days;

pub use clock::{Clock, ManualClock, SystemClock, day_of, today, zone};
pub use working_days::WorkingCalendar;
