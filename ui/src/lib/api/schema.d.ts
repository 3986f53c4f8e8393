// Made by `make schema` from openapi.json, which the server writes. Not to be edited.

export interface paths {
    "/asks/remembered": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers that are remembered. */
        get: operations["ask_remembered"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/asks/{id}/answer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answers a question. */
        post: operations["ask_answer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/asks/{id}/forget": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a remembered answer back. */
        post: operations["ask_forget"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Writes all that is known to a new directory. */
        post: operations["machine_backup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/costs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was spent, and on what. */
        get: operations["cost_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changes: a WebSocket of JSON messages, or server-sent events without an upgrade.
         * @description The token of a WebSocket may come as a protocol: `crew.v1, crew.token.<token>`.
         */
        get: operations["events_follow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the daemon is well. */
        get: operations["machine_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/idle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers when nothing can move without the human, or with `idle: false` after the wait. */
        get: operations["machine_idle"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/inbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What waits for the human. */
        get: operations["ask_inbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/journal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Entries of the journal. */
        get: operations["journal_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/journal/follow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The journal as it grows: lines of JSON. */
        get: operations["journal_follow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All projects. */
        get: operations["project_list"];
        put?: never;
        /** Puts a repository under Crewhouse. */
        post: operations["project_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The files of the team that people edit. */
        get: operations["team_files"];
        /** Writes a file of the team, if it is good and nobody changed it meanwhile. */
        put: operations["team_file_write"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/files/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What is wrong with a text, without writing it. */
        post: operations["team_file_check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/github": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the connection is doing, and what is still to be told. */
        get: operations["github_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/github/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks GitHub now whether something is new. */
        post: operations["github_sync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/lift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets one agent try whether a limited provider serves again, before the time that it named. If it
         *     does, all who wait for it go on.
         */
        post: operations["project_lift"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/sandbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What runs were refused, and the least that would open it to them. */
        get: operations["sandbox_learn"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/team": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The team in use. */
        get: operations["project_team"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes single values and stages of `team.toml`; comments in it stay. */
        patch: operations["team_edit"];
        trace?: never;
    };
    "/projects/{id}/team/form": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What of `team.toml` is edited by forms, as it is written there. */
        get: operations["team_form"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/trash": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was saved before it was removed. */
        get: operations["trash_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/trash/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is in a saved item. */
        get: operations["trash_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{id}/trash/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a branch of a saved item. */
        post: operations["trash_restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/prune": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Removes what belongs to tasks that ended long ago, or says what that is. */
        post: operations["machine_prune"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets work go on after a stop. */
        post: operations["machine_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A run. */
        get: operations["run_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the agent of a run says: a WebSocket of JSON messages, or server-sent events.
         * @description Long texts are shortened, which `cut` says; `GET /api/runs/{id}/log?lines=1&from=…` has the whole.
         */
        get: operations["run_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the agent of a run said: lines of JSON. */
        get: operations["run_log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/unask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a question back: the agent that answers it ends. */
        post: operations["run_unask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where words are: in tasks, remarks, the journal, and what agents said.
         * @description What is new is read when somebody asks; `behind` says that there is more, to be had by asking again.
         */
        get: operations["search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/setup/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts a repository under Crewhouse, and writes the team that it has not. */
        post: operations["setup_begin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/setup/demo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the demo's repository in the home, and lets its crew begin. */
        post: operations["setup_demo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/setup/doctor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What could stand in the way, each with what to do about it. */
        get: operations["setup_doctor"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/setup/place": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A directory, with the repository that it belongs to. */
        get: operations["setup_place"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/setup/teams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Teams to begin with. */
        get: operations["setup_teams"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/shutdown": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the daemon; agents stay at work. */
        post: operations["machine_shutdown"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Projects, agents at work, limits and spending. */
        get: operations["machine_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops everything at once. */
        post: operations["machine_stop"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tasks, as the board shows them. */
        get: operations["task_list"];
        put?: never;
        /** Adds a task. */
        post: operations["task_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A task with its runs. */
        get: operations["task_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes what a task says. */
        patch: operations["task_edit"];
        trace?: never;
    };
    "/tasks/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says yes to what waits at a gate. */
        post: operations["task_approve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a task up. */
        post: operations["task_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a task changes: what landed, or what is in its worktree, or on its branch. */
        get: operations["diff_of_task"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/handover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets the work that is being done on a task go on with another provider, or another model of it. */
        post: operations["task_hand_over"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/interrupt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Interrupts the agents of a task, to say something else to them: they end their turns, and go on with
         *     what is said next.
         */
        post: operations["task_interrupt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/move": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts a task into another stage. */
        post: operations["task_move_to"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Holds a task back. */
        post: operations["task_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/pin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pins what must not be forgotten in the middle of the work. */
        post: operations["task_pin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pins what an agent proposed. */
        post: operations["task_promote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/push": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets GitHub show a task's work, whatever it changes: its branch is pushed, a pull request opened. */
        post: operations["task_push"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/question": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks who worked on a task about it, in a copy of its conversation. The task may be over. */
        post: operations["task_question"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends back what waits at a gate. */
        post: operations["task_reject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/remark": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Says something about a task: to the agent that is at work on it, where it can hear that, and to
         *     whoever works on it next.
         */
        post: operations["task_remark"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a task go on. */
        post: operations["task_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tasks/{id}/unpin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets what is pinned be forgotten after all. */
        post: operations["task_unpin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description One agent at work. */
        AgentAtWork: {
            /** @description The newest thing that it did. */
            live: string | null;
            /**
             * Format: int64
             * @description The project.
             */
            project: number;
            /** @description Where it comes from. */
            provider: string;
            /**
             * Format: int64
             * @description Since when nothing was heard.
             */
            quiet_since: number | null;
            /** @description Who. */
            role: string;
            /**
             * Format: int64
             * @description Its run.
             */
            run: number;
            /**
             * Format: int64
             * @description Since when.
             */
            since: number | null;
            /** @description What the run consumed. */
            spent: components["schemas"]["Usage"];
            /** @description In which stage. */
            stage: string;
            /** @description `preparing`, `running`, `asking` or `stopping`. */
            state: string;
            /**
             * Format: int64
             * @description The task.
             */
            task: number;
        };
        /** @description What may be spent by many runs; null is not bounded. */
        Allowance: {
            /**
             * Format: int64
             * @description Money by list price, in micro-dollars.
             */
            cost_micros: number | null;
            /**
             * Format: int32
             * @description Starts of agents.
             */
            runs: number | null;
            /**
             * Format: int64
             * @description For how long agents may work, all together.
             */
            time_ms: number | null;
            /**
             * Format: int64
             * @description Tokens of every kind.
             */
            tokens: number | null;
        };
        /** @description An amount of tokens and money. */
        Amount: {
            /**
             * Format: int64
             * @description Money by list price.
             */
            cost_micros: number;
            /**
             * Format: int64
             * @description Tokens of every kind.
             */
            tokens: number;
        };
        /** @description Something that agents must not forget in the middle of the work. */
        Anchor: {
            /**
             * Format: int64
             * @description When it was pinned or proposed.
             */
            at: number;
            /** @description A role, or `human`. */
            from: string;
            /**
             * Format: int64
             * @description Its number, in its task.
             */
            number: number;
            /** @description Whether agents are told it. */
            standing: components["schemas"]["AnchorStanding"];
            /** @description What. */
            text: string;
        };
        /**
         * @description Whether an anchor counts.
         * @enum {string}
         */
        AnchorStanding: "pinned" | "proposed";
        /** @description `POST /api/asks/{id}/answer` */
        Answer: {
            always?: components["schemas"]["Reach"] | null;
            /** @description The answer. */
            text: string;
        };
        /** @description What waits at a human's gate. */
        Approval: {
            /** @description The exact commit; null if the task has none of its own. */
            commit: string | null;
            /** @description Where the task goes when it is approved and all other gates pass. */
            to: string;
        };
        /** @description `POST /api/tasks/{id}/approve` */
        Approve: {
            /** @description The commit that was looked at: refused if another waits by now. */
            commit?: string | null;
        };
        /** @description A rule about what agents of a role ask for. */
        AskRule: {
            /**
             * Format: int64
             * @description Its number, from 1.
             */
            number: number;
            /**
             * Format: int64
             * @description The rule that always decides before it, so that it never does.
             */
            shadowed_by: number | null;
            /** @description What it says: `deny command git push`. */
            text: string;
        };
        BTreeMap: {
            [key: string]: number;
        };
        /** @description `POST /api/backup` */
        BackedUp: {
            /**
             * Format: int64
             * @description Position in the journal when it was begun: all up to there is in it.
             */
            seq: number;
            /** @description Where it is. */
            target: string;
        };
        /** @description `POST /api/backup` */
        Backup: {
            /** @description A directory that does not exist yet, by its absolute path. */
            target: string;
        };
        /** @description `POST /api/setup/begin` */
        Begin: {
            model?: components["schemas"]["BeginModel"] | null;
            /** @description What to call it; without one, the name of its directory. */
            name?: string | null;
            /** @description A path inside the repository. */
            path: string;
            /** @description The template of a team that is new; without one, six roles. */
            team?: string | null;
        };
        /** @description What answers the agents of a new team. */
        BeginModel: {
            /**
             * @description A program that is logged in here: `claude`, `codex`, `gemini-cli` or `opencode`; or an API:
             *     `anthropic`, `openai`, `gemini` or `ollama`.
             */
            api: string;
            /** @description The environment variable that holds the key. */
            key_env?: string | null;
            /** @description Its name; without one, what the provider takes by itself. */
            model?: string | null;
        };
        /** @description `POST /api/setup/begin` and `POST /api/setup/demo` */
        Begun: {
            /** @description Files that were made, from the top of the repository. */
            created: string[];
            /** @description The project. */
            project: components["schemas"]["Project"];
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
        };
        /** @description A task, as the board shows it. */
        Card: {
            /**
             * Format: int64
             * @description When it was added.
             */
            added_at: number;
            /** @description Whether you are asked before it goes on after a limit, whatever its team says. */
            ask_after_limit: boolean;
            /** @description Whose it is, by their accounts on GitHub. */
            assignees: string[];
            /** @description The branch that carries its work. */
            branch: string;
            /** @description What has to pass, in the order of the pipeline. */
            checks: components["schemas"]["Check"][];
            /** @description Other open tasks that change the same files. */
            conflicts: components["schemas"]["Conflict"][];
            /**
             * Format: int32
             * @description How many of them are met, by the newest answers.
             */
            criteria_met: number;
            /**
             * Format: int32
             * @description How many acceptance criteria it has.
             */
            criteria_total: number;
            /** @description Tasks that must be done before. */
            depends_on: number[];
            /**
             * Format: int64
             * @description Since when.
             */
            entered_at: number;
            /** @description The newest commit of its branch. */
            head: string | null;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /**
             * Format: int64
             * @description The number of its issue on GitHub.
             */
            issue: number | null;
            /** @description Why GitHub does not say what the board says. */
            issue_trouble: string | null;
            /** @description Where people see that issue. */
            issue_url: string | null;
            /** @description Why its worktrees are still there though it is over. */
            kept: string | null;
            /** @description Words by which it is found, and by which rules choose who works on it. */
            labels: string[];
            /** @description The newest thing that an agent at work on it did. */
            live: string | null;
            /** @description Whether it can still move. */
            open: boolean;
            /** @description Whether the human holds it back. */
            paused: boolean;
            /** @description What goes on in the stage, in one word. */
            phase: string;
            /** @description The pull request, as an agent named it. */
            pr: string | null;
            /** @description Who goes first. */
            priority: components["schemas"]["Priority"];
            /**
             * Format: int64
             * @description Where it belongs.
             */
            project: number;
            /**
             * Format: int64
             * @description The task that was worked on when an agent proposed this one.
             */
            proposed_by: number | null;
            /**
             * Format: int64
             * @description The number of its pull request on GitHub.
             */
            pull: number | null;
            /** @description Why GitHub does not show the task's work. */
            pull_trouble: string | null;
            /** @description Where people see that pull request. */
            pull_url: string | null;
            pull_view: components["schemas"]["PullView"] | null;
            /** @description What it consumed. */
            spent: components["schemas"]["Usage"];
            /** @description Where it is in the pipeline. */
            stage: string;
            /**
             * Format: int32
             * @description Starts of agents for it.
             */
            starts: number;
            /** @description What it is doing, or why it is not. */
            status: components["schemas"]["TaskStatus"];
            /** @description One line. */
            title: string;
        };
        /** @description A file that a task changes. */
        ChangedFile: {
            /**
             * Format: int64
             * @description Lines added; null for a binary file.
             */
            added: number | null;
            /** @description `added`, `modified` or `deleted`. */
            kind: string;
            /** @description Relative to the repository. */
            path: string;
            /**
             * Format: int64
             * @description Lines removed; null for a binary file.
             */
            removed: number | null;
        };
        /** @description What changed since the last message, as it is now. */
        Changes: {
            /** @description What happened, in order, without gaps. */
            entries: components["schemas"]["JournalEntry"][];
            /** @description All that waits for the human; null if that is the same as in the message before. */
            inbox: components["schemas"]["InboxItem"][] | null;
            /**
             * Format: int64
             * @description Position in the journal; `since` for whoever goes on after this message.
             */
            seq: number;
            /** @description The whole of it. */
            status: components["schemas"]["Status"];
            /** @description The tasks that are new or show something else now. Their `live` is in `status`. */
            tasks: components["schemas"]["Card"][];
        };
        /** @description One thing that a task has to pass. */
        Check: {
            /**
             * Format: int64
             * @description When it was last said. What Crewhouse remarked then has the output.
             */
            at: number | null;
            /** @description The exact commit that it was last said about. */
            commit: string | null;
            /** @description What kind. */
            kind: components["schemas"]["CheckKind"];
            /** @description What it is called: a check by its name, a verdict by its role. */
            name: string;
            /**
             * Format: int64
             * @description The run of whoever judged.
             */
            run: number | null;
            /** @description The stage whose gate it is; null for checks on GitHub. */
            stage: string | null;
            /** @description How it stands. */
            state: components["schemas"]["CheckState"];
        };
        /**
         * @description What has to pass.
         * @enum {string}
         */
        CheckKind: "check" | "verdict" | "approval" | "merge" | "ci";
        /**
         * @description How it stands.
         * @enum {string}
         */
        CheckState: "ahead" | "running" | "waits" | "passed" | "failed" | "not_run";
        /** @description `POST /api/projects/{id}/files/check` */
        CheckTeamFile: {
            /** @description Which one. */
            name: string;
            /** @description All of it. */
            text: string;
        };
        /** @description Another task that changes the same files, before either has landed. */
        Conflict: {
            /** @description The first of the files. */
            files: string[];
            /**
             * Format: int64
             * @description How many there are.
             */
            files_total: number;
            /**
             * Format: int64
             * @description Which.
             */
            task: number;
        };
        /** @description `GET /api/costs` */
        Costs: {
            budget_day: components["schemas"]["Amount"] | null;
            /** @description By the day (UTC) on which a run was created, the newest first. */
            days: components["schemas"]["Share"][];
            /** @description Spent within the last hour. */
            hour: components["schemas"]["Amount"];
            /**
             * Format: int64
             * @description The daemon's clock.
             */
            now: number;
            /** @description By provider, the most expensive first. */
            providers: components["schemas"]["Share"][];
            /** @description By role, the most expensive first. */
            roles: components["schemas"]["Share"][];
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /** @description By stage, the most expensive first. */
            stages: components["schemas"]["Share"][];
            /** @description The most expensive tasks. */
            tasks: components["schemas"]["Share"][];
            /** @description Spent today (UTC). */
            today: components["schemas"]["Amount"];
        };
        /** @description What is known about an acceptance criterion. */
        Criterion: {
            /** @description `met` or `not_met`; null if nobody has answered it as it is now. */
            met: string | null;
            /** @description Who said so last. */
            role: string | null;
            /**
             * Format: int64
             * @description In which run.
             */
            run: number | null;
            /** @description What must be true. */
            text: string;
            /** @description How that can be seen, or what is missing. */
            why: string | null;
        };
        /** @description How far a remark of a person has come. */
        Delivery: {
            /**
             * Format: int64
             * @description The run whose agent has it, or is about to get it.
             */
            run: number | null;
            /** @description How far it is. */
            word: components["schemas"]["DeliveryWord"];
        };
        /**
         * @description How far a remark is.
         * @enum {string}
         */
        DeliveryWord: "heard" | "on_its_way" | "next";
        /** @description `GET /api/projects/{id}/trash/diff` */
        DiffText: {
            /** @description A unified diff. */
            text: string;
            /** @description Whether it was cut. */
            truncated: boolean;
        };
        /** @description A directory in a place. */
        Directory: {
            /** @description Whether it is the top of a repository. */
            is_repository: boolean;
            /** @description Its name. */
            name: string;
            /** @description Where it is. */
            path: string;
        };
        /** @description `PATCH /api/tasks/{id}`: what is left out stays. */
        EditTask: {
            /** @description Whether you are asked before it goes on after a limit, whatever its team says. */
            ask_after_limit?: boolean | null;
            /** @description Whose it is, by their accounts on GitHub. */
            assignees?: string[] | null;
            /** @description Markdown. */
            body?: string | null;
            /** @description What must be true for it to be done. */
            criteria?: string[] | null;
            /** @description Tasks that must be done before. */
            depends_on?: number[] | null;
            /** @description Words by which it is found, and by which rules choose who works on it. */
            labels?: string[] | null;
            priority?: components["schemas"]["Priority"] | null;
            /** @description One line. */
            title?: string | null;
        };
        /** @description `PATCH /api/projects/{id}/team` */
        EditTeam: {
            /** @description Made in this order, all or none. */
            edits: components["schemas"]["TeamEdit"][];
        };
        /** @description What every error looks like. */
        ErrorBody: {
            /** @description The error. */
            error: components["schemas"]["Problem"];
        };
        /**
         * @description What a client can act on.
         * @enum {string}
         */
        ErrorCode: "not_found" | "method_not_allowed" | "refused" | "invalid" | "unauthorized" | "forbidden" | "unsupported_media_type" | "too_large" | "not_recorded" | "closing" | "internal";
        /** @description Something that was looked at. */
        Finding: {
            /** @description What it is about, in a word. */
            about: string;
            /** @description How bad it is. */
            grade: components["schemas"]["Grade"];
            /** @description What to do about it. */
            hint: string | null;
            /** @description What was found. */
            text: string;
        };
        /** @description `GET /api/setup/doctor?…` */
        Findings: {
            /** @description What was looked at, in this order. */
            findings: components["schemas"]["Finding"][];
        };
        /** @description The gates of a stage. */
        FormGates: {
            /** @description Each by its keys. */
            gates: {
                [key: string]: components["schemas"]["Scalar"];
            }[];
            /** @description The stage. */
            stage: string;
        };
        /** @description A named table of `team.toml`. */
        FormTable: {
            /** @description Its keys. */
            keys: {
                [key: string]: components["schemas"]["Scalar"];
            };
            /** @description Its name. */
            name: string;
        };
        /** @description One place where the words are. */
        Found: {
            /**
             * Format: int64
             * @description When.
             */
            at: number;
            /** @description The words around the first of those that were looked for, without keys. */
            excerpt: string;
            /** @description What it is. */
            kind: components["schemas"]["FoundKind"];
            /** @description Where in its log, as `at` of a line. */
            place: string | null;
            /**
             * Format: int64
             * @description Of which project.
             */
            project: number | null;
            /**
             * Format: int64
             * @description What an agent said: in which run.
             */
            run: number | null;
            /**
             * Format: int64
             * @description Of which task.
             */
            task: number | null;
            /** @description The task's title. */
            title: string | null;
            /** @description Who: a role, `human` or `crewhouse`. */
            who: string | null;
        };
        /**
         * @description What was found.
         * @enum {string}
         */
        FoundKind: "task" | "remark" | "journal" | "said";
        /** @description A repository that could become a project. */
        FoundRepository: {
            /** @description The branch that is checked out; null if there is none. */
            branch: string | null;
            /** @description Whether it has a `team.toml`. */
            has_team: boolean;
            /**
             * Format: int64
             * @description The project that it is already.
             */
            project: number | null;
            /** @description Its top level. */
            root: string;
        };
        /** @description A condition for leaving a stage forwards. */
        Gate: {
            /** @description The shell command. */
            command: string;
            /** @enum {string} */
            kind: "check";
            /** @description What it is called. */
            name: string;
            /**
             * Format: int64
             * @description How long it may take.
             */
            timeout_ms: number;
        } | {
            /** @enum {string} */
            kind: "verdict";
            /** @description Whose. */
            role: string;
        } | {
            /** @enum {string} */
            kind: "human";
        };
        /** @description `GET /api/projects/{id}/github` */
        Github: {
            /**
             * Format: int64
             * @description When GitHub last answered whether something is new.
             */
            asked_at: number | null;
            /** @description How much was asked with this token since the daemon started. */
            calls: components["schemas"]["GithubCalls"];
            /**
             * Format: int64
             * @description When its webhook delivered last.
             */
            delivered_at: number | null;
            /** @description `owner/name` of the repository whose issues are tasks; null when it is the same. */
            issues: string | null;
            /** @description What GitHub does not say yet, in the order in which it is told. */
            pending: components["schemas"]["GithubPending"][];
            /** @description `owner/name`; null when the project is not connected. */
            repository: string | null;
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /** @description Other projects that ask with the same token, and share its limits. */
            shared_with: string[];
            /** @description Why it did not answer when it was asked last. */
            trouble: string | null;
            /** @description Whose issues, labels and comments count. */
            trusted: string[];
            /** @description Whose token it is, once GitHub said so. */
            viewer: string | null;
            /** @description Why its webhook is off, if it should be on. */
            webhook_trouble: string | null;
        };
        /** @description How much was asked. */
        GithubCalls: {
            /**
             * Format: int64
             * @description Calls that an hour has.
             */
            limit: number | null;
            /**
             * Format: int64
             * @description Those of them that ran into a limit.
             */
            limited: number;
            /**
             * Format: int64
             * @description When nothing is asked before.
             */
            not_before: number | null;
            /**
             * Format: int64
             * @description Calls that are left in this hour.
             */
            remaining: number | null;
            /**
             * Format: int64
             * @description When the next hour begins.
             */
            resets_at: number | null;
            /**
             * Format: int64
             * @description Requests.
             */
            sent: number;
            /**
             * Format: int64
             * @description Those of them that found nothing new, which GitHub does not count.
             */
            unchanged: number;
        };
        /** @description A task about which GitHub does not say what the board says. */
        GithubPending: {
            /**
             * Format: int64
             * @description Its issue, if there is one.
             */
            issue: number | null;
            /**
             * Format: int64
             * @description Its pull request, if there is one.
             */
            pull: number | null;
            /**
             * Format: int64
             * @description The task.
             */
            task: number;
            /** @description Why GitHub refused; null when it is only to be told. */
            why: string | null;
        };
        /**
         * @description How bad something is.
         * @enum {string}
         */
        Grade: "ok" | "warn" | "fail";
        /** @description `POST /api/tasks/{id}/handover` */
        HandOver: {
            /** @description The model, if not the provider's own. */
            model?: string | null;
            /** @description The provider, as the team names it. */
            provider: string;
        };
        /** @description `GET /api/health` */
        Health: {
            /** @description The data directory. */
            home: string;
            /**
             * Format: int64
             * @description The daemon's clock.
             */
            now: number;
            /**
             * Format: int32
             * @description Of the daemon.
             */
            pid: number;
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /**
             * Format: int64
             * @description When it was started.
             */
            started_at: number;
            /**
             * Format: int64
             * @description Since when everything is stopped.
             */
            stopped: number | null;
            /** @description Of the program. */
            version: string;
        };
        /** @description A number of things, and the space that they take. */
        Heap: {
            /**
             * Format: int64
             * @description Bytes.
             */
            bytes: number;
            /**
             * Format: int64
             * @description How many.
             */
            count: number;
        };
        /** @description `GET /api/idle` */
        Idle: {
            /** @description Whether nothing can move without the human. */
            idle: boolean;
            /** @description What moves, where something does. */
            moves: string | null;
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /**
             * Format: int64
             * @description Open tasks that wait for the human, for themselves or by those before them.
             */
            waiting: number;
        };
        /** @description `GET /api/inbox` */
        Inbox: {
            /** @description What unblocks most first. */
            items: components["schemas"]["InboxItem"][];
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
        };
        /** @description Something that waits for the human. */
        InboxItem: {
            /** @description What an answer for always would be remembered for; null where it cannot be. */
            about: string | null;
            /** @description Whether words that are none of these are an answer as well: advice to whoever goes on. */
            advice: boolean;
            /**
             * Format: int64
             * @description The ask to answer; null for an approval, and for what is held.
             */
            ask: number | null;
            /** @description The commit that waits for approval. */
            commit: string | null;
            /**
             * Format: int64
             * @description When the safe answer is given to it, if nobody answers before.
             */
            expires: number | null;
            /** @description Who asks: a role or `crewhouse`. */
            from: string;
            /** @description What is wanted. */
            kind: components["schemas"]["InboxKind"];
            /** @description Answers to choose from; empty when any text will do. */
            options: string[];
            /** @description The task's priority. */
            priority: components["schemas"]["Priority"];
            /**
             * Format: int64
             * @description The project.
             */
            project: number;
            /**
             * Format: int64
             * @description The run that asks.
             */
            run: number | null;
            /**
             * Format: int64
             * @description Since when it waits.
             */
            since: number;
            /** @description The task's stage. */
            stage: string;
            /**
             * Format: int64
             * @description The task.
             */
            task: number;
            /** @description The question. */
            text: string;
            /** @description The task's title. */
            title: string;
            /**
             * Format: int64
             * @description How many tasks move on by it: its own, and all that wait for that.
             */
            unblocks: number;
        };
        /**
         * @description Kinds of things that wait for the human.
         * @enum {string}
         */
        InboxKind: "ask" | "approval" | "stuck" | "held";
        /** @description `GET /api/journal` */
        Journal: {
            /** @description In order, without gaps. */
            entries: components["schemas"]["JournalEntry"][];
            /**
             * Format: int64
             * @description Position in the journal when this was read.
             */
            seq: number;
        };
        /** @description One entry. The journal files hold the same. */
        JournalEntry: {
            /**
             * Format: int64
             * @description When it was recorded.
             */
            at: number;
            /** @description All of it, as the journal file has it. */
            body: Record<string, never>;
            /** @description Why it changed nothing by itself, where that is so. */
            dropped: string | null;
            /** @description What happened, in one word: `task_added`, `approved`, `said`, … */
            event: string;
            /** @description What came of it. */
            notes: components["schemas"]["Note"][];
            /**
             * Format: int64
             * @description Its position, from 1, without gaps.
             */
            seq: number;
        };
        /** @description A place that is not proposed. */
        LeftOut: {
            /** @description Where. */
            path: string;
            /** @description Why not. */
            why: string;
        };
        /** @description `POST /api/projects/{id}/lift` */
        Lift: {
            /** @description The provider, as the team names it. */
            provider: string;
        };
        /** @description A provider serves nothing for now. */
        Limit: {
            /** @description What ends it. */
            ends: components["schemas"]["LimitEnds"];
            /** @description The provider's words. */
            message: string;
            /**
             * Format: int64
             * @description Whose limit.
             */
            project: number;
            /** @description The provider. */
            provider: string;
            /**
             * Format: int64
             * @description When it is tried again, unless it is the human who ends it.
             */
            until: number;
        };
        /**
         * @description What ends a limit.
         * @enum {string}
         */
        LimitEnds: "time" | "probe" | "human";
        /** @description How much at once, how long, how often. */
        Limits: {
            /**
             * Format: int32
             * @description Agents at work at the same time.
             */
            agents: number;
            /**
             * Format: int32
             * @description Questions that one run may ask the human.
             */
            asks: number;
            /**
             * Format: int32
             * @description Questions to the PM about one task before a human is asked.
             */
            consults: number;
            /**
             * Format: int64
             * @description Without output for so long, an agent is flagged.
             */
            quiet_ms: number;
            /**
             * Format: int32
             * @description Starts again after an unexpected end.
             */
            retries: number;
            /**
             * Format: int64
             * @description No run lasts longer.
             */
            run_ms: number;
            /**
             * Format: int64
             * @description Without output for so long, it is ended.
             */
            silent_ms: number;
            /**
             * Format: int32
             * @description Starts of agents for one task.
             */
            task_runs: number;
        };
        /** @description The newest thing that an agent did. */
        LiveLine: {
            /** @description In one line. */
            live: string;
            /**
             * Format: int64
             * @description Its run.
             */
            run: number;
        };
        /** @description One line of a run's log. */
        LogLine: {
            /** @description The place after the line, to go on from: `<start>:<offset>`. */
            at: string;
            /** @description Whether long texts in it were shortened, as the live stream does. The log has all of it. */
            cut: boolean;
            /**
             * @description What it said: `{"type": "text" | "thinking" | "tool_call" | …}`; `noise` is no event. With `by`, an
             *     agent said it that the call of this id had started. `partial`, in the live stream only, is what is
             *     written so far of a text.
             */
            event: Record<string, never>;
            /** @description The place before the line. */
            from: string;
            /**
             * Format: int32
             * @description Which start of the agent, from 1.
             */
            start: number;
            /**
             * Format: int64
             * @description When it was printed, to about 0.2 s, if that is known.
             */
            time: number | null;
        };
        /** @description How work lands. */
        MergePolicy: {
            /** @description The branch that work starts from and lands on. */
            base: string;
            /** @description A command that must pass on the merged tree. */
            check: string | null;
            /** @description `no-ff` or `squash`. */
            strategy: string;
        };
        /** @description One mistake. */
        Mistake: {
            /** @description What to do about it. */
            hint: string | null;
            /** @description The keys that lead to what has to be changed, if it is about one place: `stages.review.back`. */
            key: string | null;
            /**
             * Format: int32
             * @description In which line of the text, from 1, where that is known.
             */
            line: number | null;
            /** @description What is wrong, and where. */
            what: string;
        };
        /** @description `POST /api/tasks/{id}/move` */
        MoveTask: {
            /** @description The stage. */
            to: string;
        };
        /** @description `POST /api/tasks/{id}/pin` */
        NewAnchor: {
            /** @description What must not be forgotten, in at most 500 characters. */
            text: string;
        };
        /** @description `POST /api/projects` */
        NewProject: {
            /** @description What to call it; without one, the name of its directory. */
            name?: string | null;
            /** @description A path inside the repository. */
            path: string;
        };
        /** @description `POST /api/tasks/{id}/question`. Without a run and a role, who did the work last is asked. */
        NewQuestion: {
            /** @description The role whose agent is asked. */
            role?: string | null;
            /**
             * Format: int64
             * @description The run whose agent is asked.
             */
            run?: number | null;
            /** @description What you want to know. */
            text: string;
        };
        /** @description `POST /api/tasks/{id}/remark` */
        NewRemark: {
            /** @description Markdown. */
            text: string;
        };
        /** @description `POST /api/tasks` */
        NewTask: {
            /** @description Whether you are asked before it goes on after a limit, whatever its team says. */
            ask_after_limit?: boolean;
            /** @description Whose it is, by their accounts on GitHub. */
            assignees?: string[];
            /** @description Markdown. */
            body?: string;
            /** @description What must be true for it to be done. */
            criteria?: string[];
            /** @description Tasks that must be done before. */
            depends_on?: number[];
            /** @description Words by which it is found, and by which rules choose who works on it. */
            labels?: string[];
            /** @description Who goes first. */
            priority?: components["schemas"]["Priority"];
            /**
             * Format: int64
             * @description The project.
             */
            project: number;
            /** @description One line. */
            title: string;
        };
        /** @description `POST /api/projects/{id}/trash/restore` */
        NewTrashBranch: {
            /** @description The branch that was made. */
            branch: string;
            /** @description Where it is. */
            commit: string;
        };
        /** @description One visible consequence of an event. */
        Note: {
            /** @description Where it was; null for a new task. */
            from: string | null;
            /** @enum {string} */
            note: "stage";
            /**
             * Format: int64
             * @description The task.
             */
            task: number;
            /** @description Where it is. */
            to: string;
        } | {
            /** @enum {string} */
            note: "phase";
            /** @description What. */
            phase: string;
            /**
             * Format: int64
             * @description The task.
             */
            task: number;
        } | {
            /** @enum {string} */
            note: "run";
            /** @description Its role. */
            role: string;
            /**
             * Format: int64
             * @description The run.
             */
            run: number;
            /** @description What it is now. */
            state: string;
            /**
             * Format: int64
             * @description Its task.
             */
            task: number;
            /** @description Which provider its agent is to come from, and why, where that was just chosen. */
            why: string | null;
        } | {
            /**
             * Format: int64
             * @description The ask.
             */
            ask: number;
            /** @enum {string} */
            note: "ask";
            /** @description `open`, `answered` or `expired`. */
            state: string;
            /**
             * Format: int64
             * @description Its task.
             */
            task: number;
            /** @description By whom it was answered, where that was not the human. */
            why: string | null;
        } | {
            /** @enum {string} */
            note: "project";
            /**
             * Format: int64
             * @description The project.
             */
            project: number;
        };
        /** @description A body without content. */
        Nothing: Record<string, never>;
        /** @description `POST /api/tasks/{id}/promote` and `POST /api/tasks/{id}/unpin` */
        OldAnchor: {
            /**
             * Format: int64
             * @description Its number, in its task.
             */
            anchor: number;
        };
        /** @description Two open tasks that change the same files. */
        Overlap: {
            /** @description The first of the files. */
            files: string[];
            /**
             * Format: int64
             * @description How many there are.
             */
            files_total: number;
            /**
             * Format: int64
             * @description The older one.
             */
            first: number;
            /**
             * Format: int64
             * @description The newer one.
             */
            second: number;
        };
        /**
         * @description A yes or no to a request for permission.
         * @enum {string}
         */
        Permission: "allow" | "deny";
        /** @description A directory, as somebody sees it who looks for a repository. */
        Place: {
            /** @description Directories in it, those that are not hidden. */
            directories: components["schemas"]["Directory"][];
            /** @description The directory above it. */
            parent: string | null;
            /** @description Where it is. */
            path: string;
            repository: components["schemas"]["FoundRepository"] | null;
        };
        /** @description How much of a plan is used up. */
        Plan: {
            /**
             * Format: int64
             * @description Whose provider.
             */
            project: number;
            /** @description The provider. */
            provider: string;
            /** @description Its periods. */
            windows: components["schemas"]["PlanWindow"][];
        };
        /** @description A period of a plan. */
        PlanWindow: {
            /** @description Its length, or what the provider calls it. */
            name: string;
            /**
             * Format: int32
             * @description How much of it is used up.
             */
            percent: number;
            /**
             * Format: int64
             * @description When all of it is there again; null if that was not said.
             */
            resets: number | null;
        };
        /**
         * @description Who goes first.
         * @enum {string}
         */
        Priority: "urgent" | "high" | "normal" | "low";
        /** @description What went wrong. */
        Problem: {
            /** @description For a program. */
            code: components["schemas"]["ErrorCode"];
            /** @description What to do about it. */
            hint: string | null;
            /**
             * @description The keys of `team.toml` that lead to what has to be changed, if it is about one place there:
             *     `stages.review.back`.
             */
            key: string | null;
            /** @description For people. */
            message: string;
        };
        /** @description A git repository under Crewhouse. */
        Project: {
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description What people call it. */
            name: string;
            /** @description The top level of the repository. */
            root: string;
            /** @description The stages, left to right. */
            stages: string[];
            /** @description Why the newest `team.toml` is not in use. */
            team_refused: string | null;
            /** @description What it spent today (UTC). */
            today: components["schemas"]["Amount"];
        };
        /** @description `POST /api/projects` */
        ProjectAdded: {
            /**
             * Format: int64
             * @description When.
             */
            at: number;
            /** @description The new project. */
            project: components["schemas"]["Project"];
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
        };
        /** @description `GET /api/projects` */
        Projects: {
            /** @description In the order of their numbers. */
            projects: components["schemas"]["Project"][];
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
        };
        /** @description A source of agents. */
        Provider: {
            /**
             * Format: int32
             * @description How many at once.
             */
            agents: number;
            /** @description The wire format of its model. */
            api: string | null;
            /** @description The environment variable that holds its key. */
            key_env: string | null;
            /** @description `native`, `claude`, `codex`, `acp` or `mailbox`. */
            kind: string;
            /** @description Its model. */
            model: string | null;
            /** @description Its name. */
            name: string;
        };
        /** @description `POST /api/prune` */
        Prune: {
            /**
             * Format: int32
             * @description Only what belongs to tasks that ended at least so many days ago.
             */
            days: number;
            /** @description Whether it is removed, or only looked at. */
            mode: components["schemas"]["PruneMode"];
        };
        /**
         * @description What is done with what is old.
         * @enum {string}
         */
        PruneMode: "look" | "remove";
        /** @description `POST /api/prune`: what was removed, or would be. */
        Pruned: {
            /** @description Conversations of agents. */
            conversations: components["schemas"]["Heap"];
            /** @description What agents printed, by starts. */
            logs: components["schemas"]["Heap"];
            /**
             * Format: int64
             * @description Tasks that it belonged to.
             */
            tasks: number;
            /**
             * @description What was saved of worktrees; git gives the space back when it collects garbage, so its bytes are
             *     not counted.
             */
            trash: components["schemas"]["Heap"];
        };
        /** @description A check on GitHub. */
        PullCheck: {
            /** @description What it is called. */
            name: string;
            /** @description How it is. */
            state: components["schemas"]["PullCheckState"];
            /** @description Where people see it. */
            url: string | null;
        };
        /**
         * @description How a check on GitHub is.
         * @enum {string}
         */
        PullCheckState: "pending" | "passed" | "failed" | "neutral";
        /** @description A review of a pull request. */
        PullReview: {
            /** @description Whose. */
            by: string;
            /** @description What it comes to. */
            verdict: components["schemas"]["PullVerdict"];
        };
        /**
         * @description How a pull request is.
         * @enum {string}
         */
        PullState: "draft" | "ready" | "closed" | "merged";
        /**
         * @description What a review comes to.
         * @enum {string}
         */
        PullVerdict: "approved" | "changes_requested" | "commented";
        /** @description How a task's pull request is on GitHub, as far as it was heard. */
        PullView: {
            /** @description Checks of the commit that it shows, by name. */
            checks: components["schemas"]["PullCheck"][];
            /**
             * Format: int64
             * @description The task whose pull request it is on top of.
             */
            on: number | null;
            /** @description What those who count say about that commit. */
            reviews: components["schemas"]["PullReview"][];
            /** @description How it is. */
            state: components["schemas"]["PullState"];
        };
        /** @description `POST /api/tasks/{id}/push` */
        Push: {
            /** @description The commit that was looked at: refused if another one is there by now. */
            commit?: string | null;
        };
        /** @description What somebody wanted to know about the work. */
        Question: {
            /**
             * Format: int64
             * @description The run that answers.
             */
            run: number;
            /** @description What. */
            text: string;
        };
        /** @description A question was taken. */
        QuestionAsked: {
            /**
             * Format: int64
             * @description When.
             */
            at: number;
            /**
             * Format: int64
             * @description The run that answers: its answer becomes a remark of the task.
             */
            run: number;
            /**
             * Format: int64
             * @description Its position in the journal.
             */
            seq: number;
        };
        /**
         * @description How far a remembered answer reaches.
         * @enum {string}
         */
        Reach: "task" | "role";
        /** @description A place outside of its worktree that an agent reached for. */
        Reached: {
            /** @description Whether the system refused it. */
            denied: boolean;
            /** @description Where. */
            path: string;
            /** @description Whether it was to be written. */
            writes: boolean;
        };
        /** @description Proof that something is recorded. */
        Receipt: {
            /**
             * Format: int64
             * @description When.
             */
            at: number;
            /**
             * Format: int64
             * @description Its position in the journal.
             */
            seq: number;
        };
        /** @description `POST /api/tasks/{id}/reject` */
        Reject: {
            /** @description What is to be changed. */
            why: string;
        };
        /** @description Something said about a task. */
        Remark: {
            /**
             * Format: int64
             * @description When.
             */
            at: number;
            delivery: components["schemas"]["Delivery"] | null;
            /** @description A role, `human` or `crewhouse`. */
            from: string;
            /**
             * Format: int64
             * @description Counts what people said to whoever works on the task; 0 for all else.
             */
            number: number;
            question: components["schemas"]["Question"] | null;
            /** @description Markdown. */
            text: string;
        };
        /** @description A remark was made. */
        RemarkMade: {
            /**
             * Format: int64
             * @description When.
             */
            at: number;
            /** @description The remark, and whom it has reached by now. */
            remark: components["schemas"]["Remark"];
            /**
             * Format: int64
             * @description Its position in the journal.
             */
            seq: number;
        };
        /** @description An answer that is given again when the same role asks for exactly the same. */
        Remembered: {
            /** @description What it is about. */
            about: string;
            /** @description The answer. */
            answer: components["schemas"]["Permission"];
            /**
             * Format: int64
             * @description The ask that it was given to, which names it.
             */
            ask: number;
            /**
             * Format: int64
             * @description Since when.
             */
            at: number;
            /**
             * Format: int64
             * @description The project.
             */
            project: number;
            /** @description How far it reaches. */
            reach: components["schemas"]["Reach"];
            /** @description Whose asks. */
            role: string;
            /**
             * Format: int64
             * @description The task, where it reaches no further.
             */
            task: number | null;
        };
        /** @description `GET /api/asks/remembered` */
        RememberedAnswers: {
            /** @description By project, oldest first. */
            items: components["schemas"]["Remembered"][];
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
        };
        /** @description What an agent claims. */
        Response: {
            /** @description `done`, `request` or `error`. */
            claim: string;
            /** @description What was run and seen. */
            evidence: string[];
            /**
             * Format: int32
             * @description The candidate that it prefers, counted from 1.
             */
            pick: number | null;
            /** @description A pull request. */
            pr: string | null;
            /** @description Its words. */
            summary: string;
            /** @description The stage that it asks the task to go to. */
            to: string | null;
            /** @description `pass` or `fail`. */
            verdict: string | null;
        };
        /** @description `POST /api/projects/{id}/trash/restore` */
        RestoreTrash: {
            /** @description The branch to make; without one, `restored/…`. */
            branch?: string | null;
            /** @description The item. */
            reference: string;
        };
        /** @description One role of the team. */
        Role: {
            /**
             * Format: int32
             * @description How many at once.
             */
            agents: number;
            /** @description What its agents may spend in one day (UTC). */
            allowed_day: components["schemas"]["Allowance"];
            /**
             * Format: int64
             * @description An ask that nobody answers for so long gets the safe answer.
             */
            asks_expire_ms: number | null;
            /** @description Who steps in, in this order, while those before serve nothing. */
            fallback: string[];
            /** @description Roles that it may write messages to, besides the PM. */
            messages: string[];
            /** @description Its name. */
            name: string;
            /** @description Who plays it; with a tier, the first of that tier. */
            provider: string;
            /** @description What is answered to its agents without the human, in the order of the file. */
            rules: components["schemas"]["AskRule"][];
            /** @description `task`: a conversation for each task. `role`: one for all tasks of the role. */
            session: components["schemas"]["SessionScope"];
            /** @description `cheap`, `standard` or `expert`: the tier whose providers play it. */
            tier: string | null;
            /** @description The tools that it may use; empty means all. */
            tools: string[];
        };
        /** @description A task that comes by itself. */
        Routine: {
            /**
             * Format: int64
             * @description And at most once in so many milliseconds.
             */
            every: number;
            /** @description Its name. */
            name: string;
            /** @description What its tasks are called. */
            title: string;
            /** @description What it takes: `time`, `idle` (nothing else is open) or `trouble` (something is asked). */
            when: string;
        };
        /** @description Which tasks are for a tier: those for which all holds that is given. */
        Rule: {
            /**
             * Format: int32
             * @description At least so many acceptance criteria.
             */
            criteria: number;
            /** @description A file that was changed is one of these patterns; empty is any. */
            files: string[];
            /** @description One of these labels; empty is any. */
            labels: string[];
            /** @description One of these priorities; empty is any. */
            priority: string[];
            /**
             * Format: int32
             * @description It was sent back at least so often.
             */
            sent_back: number;
            /** @description The tier. */
            tier: string;
            /** @description One of these is in the title or text; empty is any. */
            words: string[];
        };
        /** @description One attempt of one agent at one stage of one task. */
        Run: {
            /** @description What the PM is consulted about; what is asked. */
            about: string | null;
            /**
             * Format: int32
             * @description Questions asked so far.
             */
            asks: number;
            /**
             * Format: int64
             * @description How full its conversation is, in percent, as far as its agent said so.
             */
            context_percent: number | null;
            /**
             * Format: int32
             * @description Unexpected ends so far.
             */
            failures: number;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description The exact commit that it judges, for a verdict. */
            judges: string | null;
            /**
             * Format: int64
             * @description How full the conversation was, in percent, that it did not go on with.
             */
            left_percent: number | null;
            /** @description Asks that wait for an answer. */
            open_asks: number[];
            /** @description Whether it is over. */
            over: boolean;
            /**
             * Format: int64
             * @description The project.
             */
            project: number;
            /** @description Where the agent comes from. */
            provider: string;
            /** @description `work`, `consult`, `verdict`, `choose` or `answer`. */
            purpose: string;
            /**
             * Format: int64
             * @description When it was created.
             */
            queued_at: number;
            /**
             * Format: int64
             * @description Since when nothing was heard.
             */
            quiet_since: number | null;
            /** @description What it reached for outside of its worktree, as far as its tools say so. */
            reached: components["schemas"]["Reached"][];
            response: components["schemas"]["Response"] | null;
            /** @description Who works. */
            role: string;
            /** @description The provider's id of the conversation. */
            session: string | null;
            /**
             * Format: int64
             * @description Since when it is in that state, where that is known.
             */
            since: number | null;
            /**
             * Format: int32
             * @description Which of the task's worktrees.
             */
            slot: number;
            /** @description What it consumed. */
            spent: components["schemas"]["Usage"];
            /** @description The stage that the task was in. */
            stage: string;
            /**
             * Format: int32
             * @description How often it was started.
             */
            starts: number;
            /**
             * @description `queued`, `preparing`, `running`, `asking`, `limited`, `paused`, `stopping`, `saving`, or
             *     how it ended: `done`, `request`, `error`, `stalled`, `cancelled`,
             *     `handed-over`.
             */
            state: string;
            /**
             * Format: int64
             * @description The run whose work it takes over.
             */
            takes_over: number | null;
            /**
             * Format: int64
             * @description The task.
             */
            task: number;
            trouble: components["schemas"]["Trouble"] | null;
            /**
             * Format: int64
             * @description Not before this moment it goes on.
             */
            until: number | null;
            /** @description Why from there, where there was a choice. */
            why: string | null;
        };
        /** @description A message of `GET /api/runs/{id}/events`. */
        RunMessage: {
            /** @description In order. `at` of the last one is `from` for whoever goes on after it. */
            lines: components["schemas"]["LogLine"][];
            /** @enum {string} */
            type: "lines";
        } | {
            /** @enum {string} */
            type: "end";
        };
        /** @description `GET /api/projects/{id}/sandbox` */
        SandboxLesson: {
            /** @description What is not proposed. */
            left_out: components["schemas"]["LeftOut"][];
            /** @description What would have to be opened to be read. */
            read: string[];
            /**
             * Format: int64
             * @description How many runs were refused something.
             */
            runs: number;
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /** @description The `[sandbox]` of `team.toml` with this in it; null if nothing is to be opened. */
            snippet: string | null;
            /** @description What would have to be opened to be written. */
            write: string[];
        };
        /** @description A value of TOML. */
        Scalar: boolean | number | string | string[];
        /** @description `GET /api/search` */
        Searched: {
            /** @description Whether more is known that was not looked through yet: asked again, there is more. */
            behind: boolean;
            /** @description The best first. */
            found: components["schemas"]["Found"][];
            /**
             * Format: int64
             * @description Position in the journal when this was asked.
             */
            seq: number;
        };
        /**
         * @description How far a conversation of a role reaches.
         * @enum {string}
         */
        SessionScope: "task" | "role";
        /** @description A part of what was spent. */
        Share: {
            /** @description What it is for: a name, a number of a task, or a day as milliseconds. */
            name: string;
            /**
             * Format: int64
             * @description How many runs.
             */
            runs: number;
            /** @description What they consumed. */
            spent: components["schemas"]["Usage"];
        };
        /**
         * @description A side of a column of the board.
         * @enum {string}
         */
        Side: "left" | "right";
        /** @description A column of the board. */
        Stage: {
            /** @description Where it goes when it is sent back. */
            back: string | null;
            /** @description What must hold before a task leaves it forwards. */
            gates: components["schemas"]["Gate"][];
            /** @description Who chooses among candidates. */
            judge: string | null;
            /** @description `queue`, `sequence`, `parallel`, `best-of-n` or `end`. */
            mode: string;
            /** @description Its name. */
            name: string;
            /** @description Where a task may go from here. */
            next: string[];
            /** @description A role or `human`; null at the end. */
            owner: string | null;
            /**
             * Format: int32
             * @description How often one task may enter it before a human is asked.
             */
            visits_max: number;
            /**
             * Format: int32
             * @description How many tasks may be in it at once.
             */
            wip: number | null;
            /** @description Who works in it, in order. */
            workers: string[];
        };
        /** @description `GET /api/status` */
        Status: {
            /** @description Who works. */
            agents: components["schemas"]["AgentAtWork"][];
            /** @description What all projects spent within the last hour. */
            hour: components["schemas"]["Amount"];
            /**
             * Format: int64
             * @description How many things wait for the human.
             */
            inbox: number;
            /** @description Providers that serve nothing for now. */
            limits: components["schemas"]["Limit"][];
            /**
             * Format: int64
             * @description The daemon's clock.
             */
            now: number;
            /** @description How much of their plans providers say is used up. */
            plans: components["schemas"]["Plan"][];
            /** @description In the order of their numbers. */
            projects: components["schemas"]["StatusOfProject"][];
            /**
             * Format: int64
             * @description Runs that wait for a place.
             */
            queued: number;
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /**
             * Format: int64
             * @description Since when everything is stopped.
             */
            stopped: number | null;
            /** @description What all projects spent today (UTC). */
            today: components["schemas"]["Amount"];
        };
        /** @description One project at a glance. */
        StatusOfProject: {
            /**
             * Format: int64
             * @description What its worktrees take on disk; null until that was measured.
             */
            disk_bytes: number | null;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /**
             * Format: int64
             * @description How many files of its mailbox were set aside and are still there.
             */
            mail_set_aside: number;
            /** @description What people call it. */
            name: string;
            /** @description Open tasks that change the same files, each pair once. */
            overlaps: components["schemas"]["Overlap"][];
            /** @description The top level of the repository. */
            root: string;
            /** @description How many tasks have which status. */
            tasks: components["schemas"]["BTreeMap"];
            /** @description Why the newest `team.toml` is not in use. */
            team_refused: string | null;
            /** @description What it spent today (UTC). */
            today: components["schemas"]["Amount"];
            /**
             * @description Why its agents, or some of them, may touch more than the sandbox says; null if there is nothing to
             *     say.
             */
            unconfined: string | null;
        };
        /** @description A message of `GET /api/events`. */
        StreamMessage: (components["schemas"]["Changes"] & {
            /** @enum {string} */
            type: "changes";
        }) | {
            /**
             * Format: int64
             * @description The next message tells what happened after this position.
             */
            seq: number;
            /** @enum {string} */
            type: "gap";
        } | {
            /** @description Those of which the line is another one now. */
            agents: components["schemas"]["LiveLine"][];
            /** @enum {string} */
            type: "live";
        };
        /** @description A task, as its card opens. */
        Task: components["schemas"]["Card"] & {
            /** @description What must not be forgotten, pinned or proposed, oldest first. */
            anchors: components["schemas"]["Anchor"][];
            /** @description What is known about each of them. */
            answers: components["schemas"]["Criterion"][];
            approval: components["schemas"]["Approval"] | null;
            /** @description Markdown. */
            body: string;
            /** @description What must be true for it to be done. */
            criteria: string[];
            /**
             * Format: int64
             * @description What its worktrees take on disk; null until that was measured.
             */
            disk_bytes: number | null;
            /**
             * Format: int64
             * @description The run whose agent is at work and is told what is said now; null when what is said waits for
             *     whoever works on the task next.
             */
            listener: number | null;
            /** @description What was said about it, oldest first. */
            remarks: components["schemas"]["Remark"][];
            /** @description Its runs, oldest first. */
            runs: components["schemas"]["Run"][];
            /** @description How often it entered each stage. */
            visits: {
                [key: string]: number;
            };
        };
        /** @description `POST /api/tasks` */
        TaskAdded: {
            /**
             * Format: int64
             * @description When.
             */
            at: number;
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /** @description The new task. */
            task: components["schemas"]["Task"];
        };
        /** @description `GET /api/tasks/{id}/diff`: what the task changes. */
        TaskDiff: {
            /** @description File by file. */
            files: components["schemas"]["ChangedFile"][];
            /** @description The commit that it is compared with; null if there is nothing to compare. */
            from: string | null;
            /** @description A unified diff. */
            text: string;
            /** @description The commit that it is at, or is on the base branch as; null for a worktree with more in it. */
            to: string | null;
            /** @description Whether it was cut. */
            truncated: boolean;
        };
        /** @description What a task is doing. Fields that a status has nothing to say about are null. */
        TaskStatus: {
            /**
             * Format: int64
             * @description Which ask waits.
             */
            ask: number | null;
            /**
             * Format: int64
             * @description Which task must be done before.
             */
            by: number | null;
            /** @description Whether only the human can make it move. */
            needs_human: boolean;
            /** @description Who works. */
            role: string | null;
            /**
             * Format: int64
             * @description In which run.
             */
            run: number | null;
            /**
             * Format: int64
             * @description Since when nothing was heard.
             */
            since: number | null;
            /** @description The same for people. */
            text: string;
            /**
             * Format: int64
             * @description Until when the provider serves nothing.
             */
            until: number | null;
            /** @description What is in the way. */
            why: string | null;
            /**
             * @description `working`, `no_signal`, `queued`, `blocked`, `limited`, `needs_answer`, `needs_approval`,
             *     `checking`, `merging`, `held`, `stuck`, `paused`, `interrupted`, `stopped`, `done` or `cancelled`.
             */
            word: string;
        };
        /** @description `GET /api/tasks` */
        Tasks: {
            /**
             * Format: int64
             * @description When this was computed.
             */
            now: number;
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /** @description In the order of their numbers. */
            tasks: components["schemas"]["Card"][];
        };
        /** @description Everything about how a project's work is done. */
        Team: {
            /** @description The same, with starts and time. */
            allowed_day: components["schemas"]["Allowance"];
            /** @description What the project may spend as long as it lives. */
            allowed_project: components["schemas"]["Allowance"];
            /** @description What the project may spend in a day (UTC). */
            budget_day: components["schemas"]["Amount"];
            /** @description What one run may spend. */
            budget_run: components["schemas"]["Amount"];
            /** @description What one task may spend. */
            budget_task: components["schemas"]["Amount"];
            /** @description Whether nothing lands without a human's approval. */
            human_approves: boolean;
            /**
             * @description Judges that can only be of a family of models that does the work they judge, each as a
             *     sentence.
             */
            kindred_judges: string[];
            /** @description How much at once, how long, how often. */
            limits: components["schemas"]["Limits"];
            /** @description How work lands. */
            merge: components["schemas"]["MergePolicy"];
            /** @description Where agents come from. */
            providers: components["schemas"]["Provider"][];
            /** @description Who works. */
            roles: components["schemas"]["Role"][];
            /** @description Tasks that come by themselves. */
            routines: components["schemas"]["Routine"][];
            /** @description The columns of the board, left to right. */
            stages: components["schemas"]["Stage"][];
            /** @description Which of them are cheap, and which are for what is hard. */
            tiers: components["schemas"]["Tiers"];
            /** @description What a new worktree needs. */
            worktree: components["schemas"]["WorktreePolicy"];
            /** @description The most that one task can cause. */
            worst_case: components["schemas"]["WorstCase"];
        };
        /** @description `GET /api/projects/{id}/team` */
        TeamAnswer: components["schemas"]["Team"] & {
            /**
             * Format: int64
             * @description Position in the journal.
             */
            seq: number;
            /** @description Why the newest `team.toml` is not in use. */
            team_refused: string | null;
        };
        /** @description One change to `team.toml`; comments in it stay. */
        TeamEdit: {
            /** @enum {string} */
            edit: "set";
            /** @description From the outside in: `["budget", "day_usd"]`, `["stages", "in-progress", "wip"]`. */
            key: string[];
            value: components["schemas"]["Scalar"] | null;
        } | {
            /** @enum {string} */
            edit: "set_gates";
            /** @description Each by its keys, in order: `{"check": "make test"}`, `{"verdict": "tester"}`, `{"human": true}`. */
            gates: {
                [key: string]: components["schemas"]["Scalar"];
            }[];
            /** @description The stage. */
            stage: string;
        } | {
            /** @description The stage before it. */
            after: string;
            /** @enum {string} */
            edit: "add_stage";
            /** @description Its name. */
            name: string;
            /** @description A role, or `human`. */
            owner: string;
        } | {
            /** @enum {string} */
            edit: "rename_stage";
            /** @description The stage. */
            stage: string;
            /** @description Its new name. */
            to: string;
        } | {
            /** @enum {string} */
            edit: "move_stage";
            /** @description The stage. */
            stage: string;
            /** @description Where to. */
            to: components["schemas"]["Side"];
        } | {
            /** @enum {string} */
            edit: "remove_stage";
            /** @description The stage. */
            stage: string;
        } | {
            /** @description What it does: the beginning of its `CLAUDE.md`. */
            about: string | null;
            /** @enum {string} */
            edit: "add_role";
            /** @description Its name. */
            role: string;
        } | {
            /** @enum {string} */
            edit: "remove_role";
            /** @description The role. */
            role: string;
        };
        /** @description One file of the team directory. */
        TeamFile: {
            /** @description `team.toml`, `agents/<role>/CLAUDE.md` or `knowledge/<topic>.toml`. */
            name: string;
            /** @description All of it. */
            text: string;
            /** @description Names this text; null if the file is not there. */
            version: string | null;
        };
        /** @description What is wrong with a text, and what a policy would mean. */
        TeamFileChecked: {
            /** @description Nothing if it is good. */
            mistakes: components["schemas"]["Mistake"][];
            team: components["schemas"]["Team"] | null;
        };
        /** @description `GET /api/projects/{id}/files` */
        TeamFiles: {
            /** @description The policy first, then roles, then knowledge. */
            files: components["schemas"]["TeamFile"][];
        };
        /**
         * @description `GET /api/projects/{id}/team/form`: what of `team.toml` is edited by forms, as it is written there.
         *
         *     Keys that are left out have their defaults; values that no form can show are left out, too.
         */
        TeamForm: {
            /** @description The gates of the stages, in the order of the file. */
            gates: components["schemas"]["FormGates"][];
            /** @description Where agents come from, in the order of the file. */
            providers: components["schemas"]["FormTable"][];
            /** @description Who works, in the order of the file. */
            roles: components["schemas"]["FormTable"][];
            /** @description The stages, in the order of the file, without their gates. */
            stages: components["schemas"]["FormTable"][];
        };
        /** @description A team to begin with. */
        TeamTemplate: {
            /** @description One word. */
            name: string;
            /** @description Its roles. */
            roles: string[];
            /** @description Its stages, left to right. */
            stages: string[];
            /** @description Who works, and how. */
            what: string;
        };
        /** @description `GET /api/setup/teams` */
        Templates: {
            /** @description Teams to begin with, the default first. */
            teams: components["schemas"]["TeamTemplate"][];
        };
        /** @description One tier. */
        Tier: {
            /** @description `cheap`, `standard` or `expert`. */
            name: string;
            /** @description Its providers, the preferred first. */
            providers: string[];
        };
        /** @description The tiers of a team. */
        Tiers: {
            /**
             * Format: int32
             * @description After so many setbacks in a stage the next tier takes over; 0 is never.
             */
            escalate_after: number;
            /** @description From cheap to expert. */
            lists: components["schemas"]["Tier"][];
            /** @description Which tasks are for one tier, whatever the tier of the role; the first that fits decides. */
            rules: components["schemas"]["Rule"][];
        };
        /** @description `GET /api/projects/{id}/trash` */
        Trash: {
            /** @description Newest first. */
            items: components["schemas"]["TrashItem"][];
        };
        /** @description Something that was saved before it was removed. */
        TrashItem: {
            /**
             * Format: int64
             * @description When.
             */
            at: number;
            /** @description The branch that the worktree was for. */
            branch: string;
            /** @description The commit that holds it. */
            commit: string;
            /**
             * Format: int64
             * @description How many files differ from the commit that the worktree was on.
             */
            files: number;
            /** @description What it was saved under. */
            key: string;
            /** @description The reference that keeps it: its name here. */
            reference: string;
        };
        /** @description What went wrong. */
        Trouble: {
            /** @description `transient`, `protocol`, `human` or `provider`. */
            kind: string;
            /** @description What happened. */
            message: string;
        };
        /** @description What was consumed. */
        Usage: {
            /**
             * Format: int64
             * @description Tokens read from the provider's cache.
             */
            cached_tokens: number;
            /**
             * Format: int64
             * @description Cost by list price; null is "unknown", which is not zero.
             */
            cost_micros: number | null;
            /**
             * Format: int64
             * @description Tokens read by the model, without those served from its cache.
             */
            input_tokens: number;
            /**
             * Format: int64
             * @description Tokens written by the model.
             */
            output_tokens: number;
            /**
             * Format: int64
             * @description All of them.
             */
            tokens: number;
        };
        /** @description What a new worktree needs. */
        WorktreePolicy: {
            /**
             * Format: int32
             * @description How many are kept for reuse.
             */
            pool: number;
            /** @description Shell command after it is made. */
            setup: string | null;
            /** @description Shell command before it goes back. */
            teardown: string | null;
        };
        /** @description The most that one task can cause, whatever its agents do. */
        WorstCase: {
            /**
             * Format: int32
             * @description Approvals that the human is asked for.
             */
            approvals: number;
            /**
             * Format: int32
             * @description Questions that the human is asked.
             */
            asks: number;
            /**
             * Format: int32
             * @description Starts of agents.
             */
            runs: number;
            /** @description Tokens and money. */
            spend: components["schemas"]["Amount"];
            /**
             * Format: int32
             * @description Times that it enters a stage.
             */
            visits: number;
        };
        /** @description `PUT /api/projects/{id}/files` */
        WriteTeamFile: {
            /** @description Which one. */
            name: string;
            /** @description All of it. */
            text: string;
            /** @description The version that was read: another one is not written over. Left out for a file that is not there. */
            version?: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    ask_remembered: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RememberedAnswers"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    ask_answer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Answer"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    ask_forget: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machine_backup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Backup"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackedUp"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    cost_list: {
        parameters: {
            query?: {
                /** @description Of this project. */
                project?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Costs"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    events_follow: {
        parameters: {
            query?: {
                /** @description What happened after this position; without one, from now on. */
                since?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["StreamMessage"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machine_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machine_idle: {
        parameters: {
            query?: {
                /** @description How long to wait for it, in seconds. */
                wait_s?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Idle"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    ask_inbox: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Inbox"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    journal_list: {
        parameters: {
            query?: {
                /** @description Entries after this position. */
                after?: number;
                /** @description At most so many. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Journal"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    journal_follow: {
        parameters: {
            query?: {
                /** @description Entries after this position; without one, from now on. */
                after?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["JournalEntry"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    project_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Projects"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    project_add: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewProject"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectAdded"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    team_files: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TeamFiles"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    team_file_write: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WriteTeamFile"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TeamFile"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    team_file_check: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CheckTeamFile"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TeamFileChecked"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    github_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Github"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    github_sync: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Github"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    project_lift: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Lift"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    sandbox_learn: {
        parameters: {
            query?: {
                /** @description Only the runs of this role. */
                role?: string;
            };
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SandboxLesson"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    project_team: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TeamAnswer"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    team_edit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditTeam"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TeamFile"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    team_form: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TeamForm"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    trash_list: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trash"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    trash_show: {
        parameters: {
            query: {
                /** @description The item. */
                reference: string;
            };
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DiffText"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    trash_restore: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreTrash"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewTrashBranch"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machine_prune: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Prune"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pruned"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machine_release: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    run_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    run_events: {
        parameters: {
            query?: {
                /** @description Goes on after this place, as a line had it in `at`: `<start>:<offset>`. */
                from?: string;
                /** @description Without `from`: begins about so many bytes before the end of what is there. */
                last?: number;
            };
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["RunMessage"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    run_log: {
        parameters: {
            query?: {
                /** @description Goes on after this place, as a line had it in `at`: `<start>:<offset>`. */
                from?: string;
                /** @description `1`: goes on while the run lives. */
                follow?: number;
                /** @description `1`: the bytes as the agent printed them. */
                raw?: number;
                /** @description Ends after so many lines. */
                lines?: number;
                /** @description Ends at this place. */
                until?: string;
                /** @description With `until`, and without `from`: begins about so many bytes before it, in the same start. */
                last?: number;
                /** @description `1`: long texts are shortened, which `cut` says. */
                short?: number;
            };
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["LogLine"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    run_unask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    search: {
        parameters: {
            query: {
                /** @description Words; all of them have to be there, the last one may be the beginning of one. */
                words: string;
                /** @description Of this project only. */
                project?: number;
                /** @description At most so many. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Searched"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_begin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Begin"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Begun"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_demo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Begun"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_doctor: {
        parameters: {
            query?: {
                /** @description An absolute path; `~` is the home directory, and nothing is, too. */
                path?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Findings"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_place: {
        parameters: {
            query?: {
                /** @description An absolute path; `~` is the home directory, and nothing is, too. */
                path?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Place"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_teams: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Templates"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machine_shutdown: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machine_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machine_stop: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_list: {
        parameters: {
            query?: {
                /** @description Of this project. */
                project?: number;
                /** @description In this stage. */
                stage?: string;
                /** @description Only those that are not over, or only those that are. */
                open?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tasks"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_add: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTask"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskAdded"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_edit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditTask"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_approve: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Approve"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    diff_of_task: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskDiff"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_hand_over: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HandOver"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_interrupt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_move_to: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveTask"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_pause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_pin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewAnchor"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_promote: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OldAnchor"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_push: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Push"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_question: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewQuestion"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuestionAsked"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_reject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reject"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_remark: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRemark"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemarkMade"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_resume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    task_unpin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OldAnchor"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description It did not work */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
}
