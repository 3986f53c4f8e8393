// Two stand-ins for GitHub that others wrote, on loopback, for the tests: `emulate`, which keeps issues and
// pull requests, and Prism, which says of each request whether GitHub's own description of its API allows
// it. One line of JSON says where they are. Both end when the input does, so no test leaves them behind.

import { createRequire } from 'node:module'
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmulator } from 'emulate'

const require = createRequire(import.meta.url)

// What we ask of GitHub. A path that is missing here is a request that Prism does not know.
const PATHS = [
  '/user',
  '/app',
  '/app/installations/{installation_id}/access_tokens',
  '/repos/{owner}/{repo}',
  '/repos/{owner}/{repo}/installation',
  '/repos/{owner}/{repo}/issues',
  '/repos/{owner}/{repo}/issues/comments',
  '/repos/{owner}/{repo}/issues/comments/{comment_id}',
  '/repos/{owner}/{repo}/issues/comments/{comment_id}/pin',
  '/repos/{owner}/{repo}/issues/{issue_number}',
  '/repos/{owner}/{repo}/issues/{issue_number}/assignees',
  '/repos/{owner}/{repo}/issues/{issue_number}/comments',
  '/repos/{owner}/{repo}/issues/{issue_number}/events',
  '/repos/{owner}/{repo}/issues/{issue_number}/labels',
  '/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}',
  '/repos/{owner}/{repo}/labels',
  '/repos/{owner}/{repo}/pulls',
  '/repos/{owner}/{repo}/pulls/{pull_number}',
  '/repos/{owner}/{repo}/pulls/{pull_number}/comments',
  '/repos/{owner}/{repo}/pulls/{pull_number}/reviews',
  '/repos/{owner}/{repo}/actions/jobs/{job_id}/logs',
  '/repos/{owner}/{repo}/commits/{ref}/check-runs',
  '/repos/{owner}/{repo}/commits/{ref}/status',
]

/** The description of those paths, with all that it refers to. */
function slim(whole) {
  const paths = Object.fromEntries(PATHS.map((path) => [path, whole.paths[path]]))
  const missing = PATHS.filter((path) => !paths[path])
  if (missing.length) throw new Error(`GitHub's description has no ${missing}`)
  const description = { openapi: whole.openapi, info: whole.info, paths, components: {} }
  const queue = [paths]
  while (queue.length) {
    const node = queue.pop()
    if (!node || typeof node !== 'object') continue
    if (typeof node.$ref === 'string') {
      const [, , kind, name] = node.$ref.split('/')
      description.components[kind] ??= {}
      if (!description.components[kind][name]) {
        description.components[kind][name] = whole.components[kind][name]
        queue.push(whole.components[kind][name])
      }
    }
    queue.push(...Object.values(node))
  }
  return description
}

/** Prism validates no body whose schema says `nullable` beside `oneOf` without a `type`: nowhere in it. */
function patch(description) {
  const strip = (node) => {
    if (!node || typeof node !== 'object') return 0
    const isChoice = node.oneOf || node.anyOf || node.allOf
    const found = node.nullable && isChoice && !node.type ? 1 : 0
    if (found) delete node.nullable
    return Object.values(node).reduce((count, child) => count + strip(child), found)
  }
  let count = 0
  for (const path of Object.values(description.paths)) {
    for (const operation of Object.values(path)) count += strip(operation.requestBody)
  }
  return count
}

/** GitHub answers with its own media type when it is asked for, and its description names the plain one. */
function answerInOwnType(node) {
  if (!node || typeof node !== 'object') return
  const { content } = node
  if (content?.['application/json']) content['application/vnd.github+json'] ??= content['application/json']
  Object.values(node).forEach(answerInOwnType)
}

async function startPrism() {
  const whole = JSON.parse(readFileSync(require.resolve('@octokit/openapi/generated/api.github.com.json')))
  const description = slim(whole)
  const patched = patch(description)
  for (const path of Object.values(description.paths)) {
    for (const operation of Object.values(path)) answerInOwnType(operation.responses)
  }
  answerInOwnType(description.components.responses)
  if (!patched) throw new Error('nothing was patched: does Prism validate bodies now?')
  const directory = mkdtempSync(join(tmpdir(), 'crew-prism-'))
  const file = join(directory, 'github.json')
  writeFileSync(file, JSON.stringify(description))
  const prism = createRequire(require.resolve('@stoplight/prism-cli/package.json'))
  const { getHttpOperationsFromSpec } = prism('@stoplight/prism-http')
  const { createServer } = prism('@stoplight/prism-http-server')
  const { createLogger } = prism('@stoplight/prism-core')
  const operations = await getHttpOperationsFromSpec(file)
  rmSync(directory, { recursive: true })
  const logger = createLogger('prism', { enabled: false })
  const config = {
    mock: { dynamic: false }, checkSecurity: false, validateRequest: true, validateResponse: false,
    errors: false, upstreamProxy: undefined, isProxy: false,
  }
  const server = createServer(operations, { components: { logger }, config, cors: false })
  return server.listen(0, '127.0.0.1')
}

async function startEmulate() {
  const users = ['boss', 'mallory']
  const tokens = { github_pat_invented: 'boss', github_pat_of_mallory: 'mallory' }
  const seed = {
    tokens: Object.fromEntries(Object.entries(tokens).map(([token, login]) =>
      [token, { login, scopes: ['repo', 'user'] }])),
    github: {
      users: users.map((login) => ({ login, name: login })),
      repos: [{ owner: 'boss', name: 'shop', private: false, auto_init: true }],
      apps: [{
        app_id: 12345, slug: 'crew', name: 'crew', permissions: { issues: 'write', contents: 'write' },
        events: [], installations: [{ installation_id: 100, account: 'boss' }],
      }],
    },
  }
  return createEmulator({ service: 'github', port: 0, seed, hostname: '127.0.0.1' })
}

const [emulate, prism] = await Promise.all([startEmulate(), startPrism()])
const key = emulate.generatedSecrets?.find((secret) => secret.kind === 'github.app_private_key')?.value
console.log(JSON.stringify({ emulate: emulate.url.replace('localhost', '127.0.0.1'), prism, key }))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
