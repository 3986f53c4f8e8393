//! By Landlock, which needs no rights and no set-up (Linux 5.13 and newer). Its rules for the network are about
//! TCP: who is to have no network has what is not TCP closed by seccomp.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
    path_beneath_rules,
};

use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, capability_is_in_bounding_set, remove_capability_from_bounding_set,
};

use super::{Sandbox, SandboxError, Support, datagrams};

/// The newest kernel interface that we know; an older kernel holds what it can.
const NEWEST: ABI = ABI::V9;
/// What only the newest kernels hold.
pub(super) const SOCKETS_OPEN: &str =
    "sockets of other programs can be used where their files are known";
/// What each interface brought that we use, from the oldest on.
const BROUGHT: [(ABI, &str); 4] = [
    (ABI::V3, "files that may be read may also be cut to nothing"),
    (ABI::V4, "the network is open"),
    (ABI::V6, "programs outside can be signalled"),
    (ABI::V9, SOCKETS_OPEN),
];

pub(super) fn support() -> Support {
    if let Err(error) = required(ABI::V1) {
        return Support::Nothing {
            why: format!("the kernel has no Landlock, or it is off ({error})"),
        };
    }
    let missing = BROUGHT.into_iter().filter(|(abi, _)| required(*abi).is_err());
    let missing: Vec<&str> = missing.map(|(_, what)| what).collect();
    if missing.is_empty() { Support::Full } else { Support::Partly { missing } }
}

/// Whether the kernel has all of an interface. Rules that nobody enters mean nothing.
fn required(abi: ABI) -> Result<(), RulesetError> {
    let rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    let rules = rules.handle_access(AccessFs::from_all(abi))?;
    let rules = match AccessNet::from_all(abi) {
        none if none.is_empty() => rules,
        some => rules.handle_access(some)?,
    };
    let rules = match Scope::from_all(abi) {
        none if none.is_empty() => rules,
        some => rules.scope(some)?,
    };
    rules.create().map(drop)
}

pub(super) fn confine(sandbox: &Sandbox) -> Result<(), SandboxError> {
    let refused = |error: RulesetError| SandboxError::Refused(error.to_string());
    let rules = rules(sandbox)?;
    if rustix::process::geteuid().is_root() {
        drop_powers()
            .map_err(|errno| SandboxError::Refused(format!("root keeps its powers: {errno}")))?;
    }
    if sandbox.ports.as_ref().is_some_and(Vec::is_empty) {
        datagrams::close().map_err(|error| SandboxError::Refused(error.to_string()))?;
    }
    let status = rules.restrict_self().map_err(refused)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => match support() {
            Support::Nothing { why } => Err(SandboxError::Unsupported(why)),
            Support::Full | Support::Partly { .. } => {
                Err(SandboxError::Refused("the kernel holds none of it".to_owned()))
            }
        },
    }
}

/// Of the powers of root those are kept that installing and building need. Others lead around the rules:
/// `PERFMON`, for one, reads the environment of every process.
fn drop_powers() -> Result<(), Errno> {
    let kept = CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::KILL
        | CapabilitySet::SETGID
        | CapabilitySet::SETUID
        | CapabilitySet::NET_BIND_SERVICE;
    for power in CapabilitySet::all().difference(kept).iter() {
        match capability_is_in_bounding_set(power) {
            Ok(true) => remove_capability_from_bounding_set(power)?,
            // Gone before, in the sandbox around this one; or the kernel is older than the power.
            Ok(false) | Err(Errno::INVAL) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn rules(Sandbox { write, read, ports }: &Sandbox) -> Result<RulesetCreated, SandboxError> {
    let refused = |error: RulesetError| SandboxError::Refused(error.to_string());
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(|rules| match ports {
            Some(_) => rules.handle_access(AccessNet::ConnectTcp),
            None => Ok(rules),
        })
        .and_then(Ruleset::create)
        .map_err(refused)?;
    let readable = path_beneath_rules(read, AccessFs::from_read(NEWEST));
    let mut rules = rules.add_rules(readable).map_err(refused)?;
    for path in write {
        let open = PathFd::new(path).map_err(|error| SandboxError::NotThere {
            path: path.clone(),
            source: std::io::Error::other(error),
        });
        let is_file = path.metadata().is_ok_and(|metadata| !metadata.is_dir());
        let access = AccessFs::from_all(NEWEST);
        let access = if is_file { access & AccessFs::from_file(NEWEST) } else { access };
        rules = rules.add_rule(PathBeneath::new(open?, access)).map_err(refused)?;
    }
    for port in ports.iter().flatten() {
        let rule = NetPort::new(*port, AccessNet::ConnectTcp);
        rules = rules.add_rule(rule).map_err(refused)?;
    }
    Ok(rules)
}
