//! No sockets but those of TCP and of files: nothing leaves by a datagram.

use std::collections::BTreeMap;

use rustix::io::Errno;
use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Is,
    SeccompCondition as Condition, SeccompFilter, SeccompRule as Rule, TargetArch, apply_filter,
};

/// Calls of the kernel, by their numbers; those of the newer machines are all the same.
#[cfg(target_arch = "x86_64")]
const CALLS: Calls = Calls { socket: 41, io_uring_setup: 425 };
#[cfg(not(target_arch = "x86_64"))]
const CALLS: Calls = Calls { socket: 198, io_uring_setup: 425 };

struct Calls {
    socket: i64,
    io_uring_setup: i64,
}

/// Families of addresses that lead out of the machine by datagrams or bare packets: IPv4, IPv6, a network card.
const FAMILIES: [u64; 3] = [2, 10, 17];
/// The one kind of socket that the rules of Landlock are about, and where it stands in the argument.
const STREAM: u64 = 1;
const KIND: u64 = 0xF;
/// Families and kinds of the C library are 32 bits wide.
const LEN: Len = Len::Dword;
/// All kinds but a stream, as the kernel counts them.
const OTHERS: std::ops::RangeInclusive<u64> = 2..=KIND;

/// Closes them for this process and all that it starts.
pub(super) fn close() -> Result<(), Error> {
    let program: BpfProgram = filter()?.try_into()?;
    apply_filter(&program)
}

fn filter() -> Result<SeccompFilter, Error> {
    let mut closed = Vec::new();
    for family in FAMILIES {
        for kind in OTHERS {
            debug_assert_ne!(kind, STREAM);
            let of_family = Condition::new(0, LEN, Is::Eq, family)?;
            let of_kind = Condition::new(1, LEN, Is::MaskedEq(KIND), kind)?;
            closed.push(Rule::new(vec![of_family, of_kind])?);
        }
    }
    // What goes through a ring is seen by no filter.
    let calls = BTreeMap::from([(CALLS.socket, closed), (CALLS.io_uring_setup, Vec::new())]);
    let refuse = SeccompAction::Errno(Errno::ACCESS.raw_os_error().unsigned_abs());
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    Ok(SeccompFilter::new(calls, SeccompAction::Allow, refuse, arch)?)
}
