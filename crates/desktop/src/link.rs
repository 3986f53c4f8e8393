//! Deep links: `crewhouse://task/12`.
//!
//! Any page and any program can open one, so a link is hostile until it is read: it is short, it
//! names a place and nothing else, and it is read once. A place can only be looked at.

use std::fmt;
use std::num::NonZeroU64;

/// The longest link there is, with room for a slash or two that others add.
pub(crate) const BYTES_MAX: usize = 64;

/// What begins a link, in any case of letters.
pub(crate) const SCHEME: &str = "crewhouse";

/// Where the window can be asked to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Wherever it is: it only comes to the front.
    Here,
    /// What waits for you.
    Inbox,
    /// The card of a task.
    Task(NonZeroU64),
}

/// Why a link is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a link is `crewhouse://task/<number>` or `crewhouse://inbox`")]
pub(crate) struct NotALink;

impl Place {
    /// Reads a link.
    pub(crate) fn of_link(link: &str) -> Result<Self, NotALink> {
        if link.len() > BYTES_MAX {
            return Err(NotALink);
        }
        let (scheme, rest) = link.split_once("://").ok_or(NotALink)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(NotALink);
        }
        // Some who hand links on end the host with a slash.
        let path = rest.strip_suffix('/').unwrap_or(rest);
        match path.split_once('/') {
            None if path.is_empty() => Ok(Self::Here),
            None if path == "inbox" => Ok(Self::Inbox),
            Some(("task", number)) => task(number),
            None | Some(_) => Err(NotALink),
        }
    }

    /// The path of the place within the user interface; none if it is wherever that is.
    pub(crate) fn path(self) -> Option<String> {
        match self {
            Self::Here => None,
            Self::Inbox => Some("/inbox".to_owned()),
            Self::Task(number) => Some(format!("/task/{number}")),
        }
    }
}

fn task(number: &str) -> Result<Place, NotALink> {
    // `parse` takes a sign, too.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotALink);
    }
    number.parse().map(Place::Task).map_err(|_| NotALink)
}

/// As it is read again.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => write!(f, "{SCHEME}://"),
            Self::Inbox => write!(f, "{SCHEME}://inbox"),
            Self::Task(number) => write!(f, "{SCHEME}://task/{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(number: u64) -> Place {
        Place::Task(number.try_into().unwrap())
    }

    #[test]
    fn a_link_names_a_place() {
        let check = |link: &str, expect: Place| assert_eq!(Place::of_link(link), Ok(expect));
        check("crewhouse://task/12", task(12));
        check("crewhouse://task/12/", task(12));
        check("CrewHouse://task/007", task(7));
        check("crewhouse://task/18446744073709551615", task(u64::MAX));
        check("crewhouse://inbox", Place::Inbox);
        check("crewhouse://inbox/", Place::Inbox);
        check("crewhouse://", Place::Here);
    }

    #[test]
    fn anything_else_is_no_link() {
        let long = format!("crewhouse://task/{}", "0".repeat(BYTES_MAX));
        let hostile = [
            "",
            "task/12",
            "http://task/12",
            "crewhouse:task/12",
            "crewhouse://task",
            "crewhouse://task/0",
            "crewhouse://task/+1",
            "crewhouse://task/-1",
            "crewhouse://task/１",
            "crewhouse://task/1x",
            "crewhouse://task/1//",
            "crewhouse://task/1/2",
            "crewhouse://task//1",
            "crewhouse://task/18446744073709551616",
            "crewhouse://task/1?x=<script>",
            "crewhouse://task/1#x",
            "crewhouse://user@task/1",
            "crewhouse://start",
            "crewhouse://inbox/../..",
            " crewhouse://inbox",
            "crewhouse://task/1\n",
            "crewhouse://task/%31",
            "--automation",
            &long,
        ];
        for link in hostile {
            assert_eq!(Place::of_link(link), Err(NotALink), "{link:?}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for place in [Place::Here, Place::Inbox, task(1), task(u64::MAX)] {
            assert_eq!(Place::of_link(&place.to_string()), Ok(place));
        }
    }

    #[test]
    fn whatever_comes_is_read_or_refused() {
        // Bytes of a small generator, so that every run is the same.
        let mut seed = 1_u64;
        let alphabet: Vec<char> = "crewhouse:/taskinbox0189?#%\\\n é😀".chars().collect();
        for _ in 0..20_000 {
            let mut next = || {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (seed >> 33) as usize
            };
            let length = next() % 40;
            let text: String = (0..length).map(|_| alphabet[next() % alphabet.len()]).collect();
            for link in
                [text.clone(), format!("crewhouse://{text}"), format!("crewhouse://task/{text}")]
            {
                if let Ok(place) = Place::of_link(&link) {
                    assert_eq!(Place::of_link(&place.to_string()), Ok(place));
                }
            }
        }
    }
}
