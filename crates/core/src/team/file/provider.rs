//! Providers: each kind has keys of its own, and a key of another kind is a mistake.

use super::Problem;
use super::build::dollars;
use super::shape::{KindFile, ProfileFile, ProviderFile};
use crate::Price;
use crate::team::{Acp, AcpAgent, Api, Key, Model, Payer, Program, Provider, ProviderKind};

/// Variables that make Claude Code take money from an API key.
const KEYS_OF_CLAUDE: [&str; 2] = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"];
/// Variables that may make Codex do so.
const KEYS_OF_CODEX: [&str; 2] = ["CODEX_API_KEY", "OPENAI_API_KEY"];
/// Variables that no agent is handed: what is done outside is done by Crewhouse, and what is its
/// own is set by it.
const NEVER: [&str; 7] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "CLAUDECODE",
    "ANTHROPIC_BASE_URL",
    "CODEX_HOME",
    "CODEX_SQLITE_HOME",
    "OPENAI_BASE_URL",
];
/// Beginnings of such variables.
const NEVER_BEGINNINGS: [&str; 2] = ["CREWHOUSE_", "GIT_"];
/// A model that takes fewer tokens at once cannot even be told what to do.
const CONTEXT_TOKENS_MIN: u64 = 8_192;

impl ProviderFile {
    /// The provider, and one like it for each other account: `claude`, `claude/work`.
    pub(super) fn accounts(mut self, name: &str) -> Vec<(String, Self)> {
        let profiles = std::mem::take(&mut self.profiles);
        let others: Vec<(String, Self)> = profiles
            .into_iter()
            .map(|(profile, other)| (format!("{name}/{profile}"), self.clone().with(other)))
            .collect();
        [(name.to_owned(), self)].into_iter().chain(others).collect()
    }

    /// Another account. Nothing that says who is signed in is that of the first.
    fn with(mut self, other: ProfileFile) -> Self {
        if other.model.is_some() {
            // What another model costs is not said.
            self.input_usd_per_mtok = None;
            self.cached_usd_per_mtok = None;
            self.output_usd_per_mtok = None;
        }
        Self {
            config_dir: other.config_dir,
            key: other.key,
            key_env: other.key_env,
            billing: other.billing.or(self.billing),
            model: other.model.or(self.model),
            agents: other.agents.unwrap_or(self.agents),
            ..self
        }
    }

    pub(super) fn build(mut self, place: &str, problems: &mut Vec<Problem>) -> Provider {
        let agents = self.agents;
        if agents == 0 {
            problems.push(Problem::at(
                format!("{place}.agents"),
                "0 is too few",
                "a provider without agents stops every role that it plays",
            ));
        }
        self.foreign_keys(place, problems);
        let key = self.take_key(place, problems);
        let config_dir = self.config_dir.take();
        let price = self.price(place, problems);
        let kind = match self.kind {
            KindFile::Mailbox => ProviderKind::Mailbox,
            KindFile::Native => ProviderKind::Native(self.model(place, problems)),
            KindFile::Claude => {
                ProviderKind::Claude(self.program("claude", &KEYS_OF_CLAUDE, place, problems))
            }
            KindFile::Codex => {
                let codex = self.program("codex", &KEYS_OF_CODEX, place, problems);
                prove_codex(&codex, place, problems);
                ProviderKind::Codex(codex)
            }
            KindFile::Acp => ProviderKind::Acp(self.acp(place, problems)),
        };
        Provider { kind, agents, config_dir, key, price }
    }

    /// The kept key, and the variable that an agent of this kind looks for it in.
    fn take_key(&mut self, place: &str, problems: &mut Vec<Problem>) -> Option<Key> {
        let key = self.key.take()?;
        let secret = key.strip_prefix("keyring:").and_then(|name| name.parse().ok());
        let Some(secret) = secret else {
            // It may be the key itself: it is not repeated.
            problems.push(Problem::at(
                format!("{place}.key"),
                "it names no secret",
                "write key = \"keyring:NAME\", and keep it with `crew secret set NAME`; a key itself \
                 never stands in this file",
            ));
            return None;
        };
        let Some(variable) = self.key_env.clone().or_else(|| self.usual_variable()) else {
            problems.push(Problem::at(
                format!("{place}.key_env"),
                "it is not known in which variable this agent looks for its key",
                "name it: key_env = \"…\"",
            ));
            return None;
        };
        check_variable(&variable, &format!("{place}.key_env"), problems);
        match self.kind {
            KindFile::Native | KindFile::Codex => self.key_env = Some(variable.clone()),
            KindFile::Claude | KindFile::Acp | KindFile::Mailbox => self.key_env = None,
        }
        if self.kind == KindFile::Claude
            && self.billing.unwrap_or_default() == Payer::Subscription
            && KEYS_OF_CLAUDE.contains(&variable.as_str())
        {
            problems.push(Problem::at(
                format!("{place}.billing"),
                format!("it is \"subscription\", and `key` is put into {variable}"),
                "the key would pay: write billing = \"api-key\", or take out `key_env`",
            ));
        }
        Some(Key { secret, variable })
    }

    fn usual_variable(&self) -> Option<String> {
        let variable = match (self.kind, self.api, self.agent, self.billing) {
            (KindFile::Native, Some(Api::Anthropic), ..)
            | (KindFile::Acp, _, Some(AcpAgent::Claude), _)
            | (KindFile::Claude, _, _, Some(Payer::ApiKey | Payer::Any)) => "ANTHROPIC_API_KEY",
            (KindFile::Claude, _, _, Some(Payer::Subscription) | None) => "CLAUDE_CODE_OAUTH_TOKEN",
            (KindFile::Native, Some(Api::Gemini), ..)
            | (KindFile::Acp, _, Some(AcpAgent::Gemini), _) => "GEMINI_API_KEY",
            (KindFile::Native, Some(Api::Openai), ..)
            | (KindFile::Acp, _, Some(AcpAgent::Codex), _)
            | (KindFile::Codex, ..) => "OPENAI_API_KEY",
            (KindFile::Native, Some(Api::Ollama | Api::Playbook) | None, ..)
            | (KindFile::Acp, _, Some(AcpAgent::Opencode) | None, _)
            | (KindFile::Mailbox, ..) => return None,
        };
        Some(variable.to_owned())
    }

    /// Names what is there and means nothing for this kind.
    fn foreign_keys(&self, place: &str, problems: &mut Vec<Problem>) {
        use KindFile::{Acp, Claude, Codex, Native};
        let given = [
            ("api", self.api.is_some(), &[Native][..]),
            ("model", self.model.is_some(), &[Native, Claude, Codex, Acp]),
            ("base_url", self.base_url.is_some(), &[Native, Claude, Codex, Acp]),
            ("key_env", self.key_env.is_some() && self.key.is_none(), &[Native, Codex]),
            ("key", self.key.is_some(), &[Native, Claude, Codex, Acp]),
            ("config_dir", self.config_dir.is_some(), &[Claude, Codex]),
            ("input_usd_per_mtok", self.input_usd_per_mtok.is_some(), &[Native, Codex, Acp]),
            ("cached_usd_per_mtok", self.cached_usd_per_mtok.is_some(), &[Native, Codex, Acp]),
            ("output_usd_per_mtok", self.output_usd_per_mtok.is_some(), &[Native, Codex, Acp]),
            ("context_tokens", self.context_tokens.is_some(), &[Native]),
            ("agent", self.agent.is_some(), &[Acp]),
            ("program", self.program.is_some(), &[Claude, Codex, Acp]),
            ("args", self.args.is_some(), &[Acp]),
            ("mode", self.mode.is_some(), &[Acp]),
            ("env", self.env.is_some(), &[Claude, Codex, Acp]),
            ("permissions", self.permissions.is_some(), &[Claude, Codex, Acp]),
            ("allow", self.allow.is_some(), &[Claude, Codex]),
            ("billing", self.billing.is_some(), &[Claude, Codex, Acp]),
        ];
        for (key, _, kinds) in given.iter().filter(|(_, is_given, _)| *is_given) {
            if !kinds.contains(&self.kind) {
                let owners: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
                problems.push(Problem::at(
                    format!("{place}.{key}"),
                    format!("it means nothing for kind = \"{}\"", self.kind.word()),
                    format!("remove it; it belongs to kind = \"{}\"", owners.join("\" or \"")),
                ));
            }
        }
    }

    /// What its model costs: nothing is guessed from half of it.
    fn price(&self, place: &str, problems: &mut Vec<Problem>) -> Option<Price> {
        let given = [
            ("input_usd_per_mtok", self.input_usd_per_mtok),
            ("cached_usd_per_mtok", self.cached_usd_per_mtok),
            ("output_usd_per_mtok", self.output_usd_per_mtok),
        ];
        for (key, usd) in given {
            if let Some(usd) = usd.filter(|usd| dollars(*usd).is_none()) {
                problems.push(Problem::at(
                    format!("{place}.{key}"),
                    format!("{usd} is no amount of money"),
                    "write what a million tokens cost: 0.50",
                ));
            }
        }
        if given.iter().all(|(_, usd)| usd.is_none()) {
            return None;
        }
        let (Some(input), Some(output)) = (self.input_usd_per_mtok, self.output_usd_per_mtok)
        else {
            let missing = if self.input_usd_per_mtok.is_none() { "input" } else { "output" };
            problems.push(Problem::at(
                format!("{place}.{missing}_usd_per_mtok"),
                "a price needs `input_usd_per_mtok` and `output_usd_per_mtok`",
                "with one of them what is spent would not be known, and no budget of money would hold",
            ));
            return None;
        };
        let input = dollars(input)?;
        let cached = self.cached_usd_per_mtok.map_or(Some(input), dollars)?;
        Some(Price { input, cached, output: dollars(output)? })
    }

    fn model(self, place: &str, problems: &mut Vec<Problem>) -> Model {
        let (Some(api), Some(name)) = (self.api, self.model) else {
            let missing = if self.api.is_none() { "api" } else { "model" };
            problems.push(Problem::at(
                format!("{place}.{missing}"),
                "a native provider needs `api` and `model`",
                "api = \"anthropic\", \"openai\", \"gemini\", \"ollama\" or \"playbook\"",
            ));
            return Model {
                api: Api::Playbook,
                name: String::new(),
                base_url: None,
                key_env: None,
                context_tokens: None,
            };
        };
        if let Some(tokens) = self.context_tokens.filter(|tokens| *tokens < CONTEXT_TOKENS_MIN) {
            problems.push(Problem::at(
                format!("{place}.context_tokens"),
                format!("{tokens} are too few"),
                format!(
                    "what a task is and which tools there are takes {CONTEXT_TOKENS_MIN} at least"
                ),
            ));
        }
        Model {
            api,
            name,
            base_url: self.base_url,
            key_env: self.key_env,
            context_tokens: self.context_tokens,
        }
    }

    fn program(
        self,
        command: &str,
        keys: &[&str],
        place: &str,
        problems: &mut Vec<Problem>,
    ) -> Program {
        let program = Program {
            program: self.program.unwrap_or_else(|| command.to_owned()),
            model: self.model,
            base_url: self.base_url,
            key_env: self.key_env,
            env: self.env.unwrap_or_default(),
            permissions: self.permissions.unwrap_or_default(),
            allow: self.allow.unwrap_or_default(),
            billing: self.billing.unwrap_or_default(),
        };
        check_variables(&program.env, place, problems);
        if let Some(name) = &program.key_env {
            check_variable(name, &format!("{place}.key_env"), problems);
        }
        let key = program.env.iter().find(|name| keys.contains(&name.as_str()));
        if let Some(key) = key.filter(|_| program.billing == Payer::Subscription) {
            problems.push(handed_over(key, place));
        }
        let programs = [("program", &program.program)].into_iter();
        let models = program.model.iter().map(|it| ("model", it));
        let tools = program.allow.iter().map(|it| ("allow", it));
        check_words(programs.chain(models).chain(tools), place, problems);
        program
    }

    fn acp(self, place: &str, problems: &mut Vec<Problem>) -> Acp {
        let acp = Acp {
            agent: self.agent,
            program: self.program,
            args: self.args,
            model: self.model,
            mode: self.mode,
            base_url: self.base_url,
            env: self.env.unwrap_or_default(),
            permissions: self.permissions.unwrap_or_default(),
            billing: self.billing,
        };
        prove_acp(&acp, place, problems);
        acp
    }
}

fn prove_acp(acp: &Acp, place: &str, problems: &mut Vec<Problem>) {
    check_variables(&acp.env, place, problems);
    if acp.agent.is_none() && acp.program.is_none() {
        problems.push(Problem::at(
            format!("{place}.agent"),
            "it is not said which agent",
            "agent = \"gemini\", \"opencode\", \"claude\" or \"codex\"; for any other, program = \
             \"…\" and args = [\"…\"]",
        ));
    }
    if let Some(key) = acp.key_variable().filter(|_| acp.billing == Some(Payer::Subscription)) {
        problems.push(handed_over(key, place));
    }
    if acp.agent.is_none() && acp.billing.is_some() {
        problems.push(Problem::at(
            format!("{place}.billing"),
            "it is not known how this agent says who pays for it",
            "remove `billing`: it is looked at for the agents that Crewhouse knows",
        ));
    }
    let has_address = matches!(acp.agent, Some(AcpAgent::Gemini | AcpAgent::Claude));
    if acp.base_url.is_some() && !has_address {
        problems.push(Problem::at(
            format!("{place}.base_url"),
            "it is not known how this agent is told an address",
            "remove it, and write the address into the agent's own configuration",
        ));
    }
    let words = [("program", &acp.program), ("model", &acp.model), ("mode", &acp.mode)];
    let words = words.into_iter().filter_map(|(key, word)| Some((key, word.as_ref()?)));
    check_words(words, place, problems);
}

/// What a program is started with.
fn check_words<'a>(
    words: impl Iterator<Item = (&'a str, &'a String)>,
    place: &str,
    problems: &mut Vec<Problem>,
) {
    for (key, word) in words.filter(|(_, it)| it.trim().is_empty() || it.starts_with('-')) {
        let what = if key == "allow" { "tool" } else { key };
        problems.push(Problem::at(
            format!("{place}.{key}"),
            format!("`{word}` is no {what}"),
            "it would be taken for an option; docs/team.md has examples",
        ));
    }
}

fn handed_over(key: &str, place: &str) -> Problem {
    Problem::at(
        format!("{place}.billing"),
        format!("it is \"subscription\", and `env` hands over {key}"),
        "the key would pay: write billing = \"api-key\", or take it out of `env`",
    )
}

/// Codex shows what somebody signed in with to nobody but OpenAI.
fn prove_codex(codex: &Program, place: &str, problems: &mut Vec<Problem>) {
    let (what, hint) = match (&codex.key_env, &codex.base_url, codex.billing) {
        (Some(key), _, Payer::Subscription) => (
            format!("it is \"subscription\", and `key_env` is {key}"),
            "the key would pay: write billing = \"api-key\", or take out `key_env`",
        ),
        (None, Some(_), Payer::Subscription) => (
            "no subscription pays at `base_url`".to_owned(),
            "name the variable with its key, key_env = \"…\", and write billing = \"api-key\"; \
             or billing = \"any\" for a server that wants no key",
        ),
        (Some(_) | None, _, _) => return,
    };
    problems.push(Problem::at(format!("{place}.billing"), what, hint));
}

fn check_variables(names: &[String], place: &str, problems: &mut Vec<Problem>) {
    for name in names {
        check_variable(name, &format!("{place}.env"), problems);
    }
}

fn check_variable(name: &str, key: &str, problems: &mut Vec<Problem>) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty()
        || name.starts_with(|c: char| c.is_ascii_digit())
        || !name.chars().all(is_name)
    {
        problems.push(Problem::at(
            key,
            format!("`{name}` is no name of a variable"),
            "give names only, like env = [\"HTTPS_PROXY\"]; values come from the daemon's environment",
        ));
    } else if NEVER.contains(&name) || NEVER_BEGINNINGS.iter().any(|begin| name.starts_with(begin))
    {
        problems.push(Problem::at(
            key,
            format!("no agent is handed {name}"),
            "what goes outside is done by Crewhouse; the address of the model is `base_url`",
        ));
    }
}

impl KindFile {
    fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Acp => "acp",
            Self::Mailbox => "mailbox",
        }
    }
}
