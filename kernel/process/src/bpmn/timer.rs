use anju_calendar::{WorkingCalendar, zone};
use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan};
use serde_json::Value;

/// Most working days a timer may wait.
const WORKING_DAYS_MAX: u32 = 3_660;

/// When a timer fires.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// So long after the token arrived: an ISO 8601 duration such as `P3D` or `PT2H`, in calendar time.
    After(Duration),
    /// When this many working days after the day of arrival have passed (`P5WD`): at midnight after the last
    /// of them, for that whole day still counts.
    WorkingDays(u32),
    /// Again and again, so long after the one before: an ISO 8601 repetition such as `R3/PT1H`; without a number
    /// until it is called off.
    /// `R/2026-01-01T00:00:00+08:00/P1Y` counts from a fixed moment.
    Cycle { times: Option<u32>, from: Option<Timestamp>, every: Duration },
    /// At what a ZEN expression gives: an instant, or a date, which means the end of that day.
    At(String),
}

/// An ISO 8601 duration that compares by its text.
#[derive(Debug, Clone)]
pub struct Duration {
    text: String,
    span: Span,
}

impl PartialEq for Duration {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Duration {
    fn read(text: &str) -> Result<Self, String> {
        let span: Span = text.parse().map_err(|_| format!("“{text}”不是 ISO 8601 时长"))?;
        if span.is_negative() {
            return Err(format!("“{text}”在过去"));
        }
        Ok(Self { text: text.to_owned(), span })
    }
}

impl Timer {
    /// Reads the text of `timeDuration`.
    pub fn duration(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(days) = text.strip_prefix('P').and_then(|rest| rest.strip_suffix("WD")) {
            let days: u32 = days.parse().map_err(|_| format!("“{text}”不是工作日数"))?;
            if !(1..=WORKING_DAYS_MAX).contains(&days) {
                return Err(format!("定时器可等待 1 至 {WORKING_DAYS_MAX} 个工作日，不能是 {days}"));
            }
            return Ok(Self::WorkingDays(days));
        }
        Duration::read(text).map(Self::After)
    }

    /// Reads the text of `timeCycle`.
    pub fn cycle(text: &str) -> Result<Self, String> {
        let wrong = || format!("“{text}”不是 ISO 8601 重复时长，例如 R3/PT1H");
        let (times, every) =
            text.trim().strip_prefix('R').and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        let times = match times {
            "" => None,
            times => Some(times.parse().ok().filter(|times| *times > 0).ok_or_else(wrong)?),
        };
        let (from, every) = match every.split_once('/') {
            Some((from, every)) => (Some(from.trim().parse::<Timestamp>().map_err(|_| wrong())?), every),
            None => (None, every),
        };
        let every = Duration::read(every.trim())?;
        match every.span.is_zero() {
            true => Err(wrong()),
            false => Ok(Self::Cycle { times, from, every }),
        }
    }

    /// Reads the text of `timeDate`: `=` starts a ZEN expression, everything else is an instant or a date.
    pub fn date(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(expression) = text.strip_prefix('=') {
            return Ok(Self::At(expression.trim().to_owned()));
        }
        instant(&Value::from(text)).map_err(|_| format!("“{text}”既不是日期也不是时刻"))?;
        Ok(Self::At(format!("'{text}'")))
    }

    /// The expression that must be evaluated for [`Timer::due`], if any.
    pub fn expression(&self) -> Option<&str> {
        match self {
            Self::At(expression) => Some(expression),
            Self::After(_) | Self::WorkingDays(_) | Self::Cycle { .. } => None,
        }
    }

    /// Whether it fires once more after having fired so many times.
    pub fn fires_again(&self, fired: u32) -> bool {
        matches!(self, Self::Cycle { times, .. } if times.is_none_or(|times| fired < times))
    }

    /// When it fires for a token that arrived at `now`; `evaluated` is the value of its expression.
    pub fn due(
        &self,
        now: Timestamp,
        calendar: &WorkingCalendar,
        evaluated: &Value,
    ) -> Result<Timestamp, String> {
        let local = now.to_zoned_datetime(zone());
        match self {
            Self::Cycle { from: Some(from), every, .. } => next_after(now, *from, every),
            Self::After(duration) | Self::Cycle { every: duration, .. } => local
                .checked_add(duration.span)
                .map(|at| at.timestamp())
                .map_err(|_| format!("“{}”超出日历", duration.text)),
            Self::WorkingDays(days) => end_of(calendar.add_working_days(local.date(), *days)),
            Self::At(_) => instant(evaluated),
        }
    }
}

fn instant(value: &Value) -> Result<Timestamp, String> {
    let text = value.as_str().ok_or_else(|| format!("应为日期或时刻，不是 {value}"))?;
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let date: Date = text.parse().map_err(|_| format!("“{text}”既不是日期也不是时刻"))?;
    end_of(date)
}

fn end_of(date: Date) -> Result<Timestamp, String> {
    date.checked_add(1.day())
        .and_then(|next| next.to_zoned_datetime(zone()))
        .map(|midnight| midnight.timestamp())
        .map_err(|_| format!("{date} 超出日历"))
}

/// The first moment after `now` that is a number of spans after `from`. Each is counted from the beginning, so that
/// the 31st stays the 31st where a month has one.
fn next_after(now: Timestamp, from: Timestamp, every: &Duration) -> Result<Timestamp, String> {
    let beyond = || format!("“{}”超出日历", every.text);
    let start = from.to_zoned_datetime(zone());
    let at = |times: i64| {
        let span = every.span.checked_mul(times).map_err(|_| beyond())?;
        start.checked_add(span).map(|at| at.timestamp()).map_err(|_| beyond())
    };
    // Twice as far until beyond, then halves: a short span may have been repeated millions of times.
    let mut high = 1;
    if from > now {
        return Ok(from);
    }
    while at(high)? <= now {
        high *= 2;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if at(middle)? <= now { low = middle } else { high = middle }
    }
    at(high)
}
