// What a user of the generated TypeScript types writes: checked by tsc --strict, and run by node against a server (test_generated_clients.py).
import type { components, paths } from './generated-client'

type Schemas = components['schemas']
type RunBody = paths['/runs']['post']['requestBody']['content']['application/json']
type RunAnswer = paths['/runs']['post']['responses'][200]['content']['application/json']
type ExecuteBody = paths['/execute']['post']['requestBody']['content']['application/json']

const [url, token, image] = process.argv.slice(2) as [string, string, string]

function check(holds: boolean, what: unknown): void {
  if (!holds) throw new Error(`not as expected: ${JSON.stringify(what)}`)
}

async function ask<T>(path: keyof paths, body: unknown): Promise<{ status: number; data: T }> {
  const reply = await fetch(url + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body)
  })
  return { status: reply.status, data: (await reply.json()) as T }
}

async function main(): Promise<void> {
  const short: ExecuteBody = { code: 'print(6 * 7)' } // nothing else is required
  const executed = await ask<Schemas['ExecuteReply']>('/execute', short)
  check(executed.data.output === '42\n', executed)

  const code: RunBody = { code: 'import sys; sys.exit(3)', language: 'python', limits: { timeout: 5, memory: '64m' }, stdin: null }
  const result = (await ask<RunAnswer>('/runs', code)).data
  const verdict: Schemas['Verdict'] = result.verdict // no cast: the answer is one type
  check(verdict === 'failed' && result.exitCode === 3 && result.cancelReason === null, result)

  const command: RunBody = { command: ['echo', 'a b'], image }
  check((await ask<RunAnswer>('/runs', command)).data.stdout === 'a b\n', command)
  const dockerfile: Schemas['RunDockerfile'] = { dockerfile: `FROM ${image}\n`, command: 'echo built' }
  check((await ask<RunAnswer>('/runs', dockerfile)).data.stdout === 'built\n', dockerfile)

  const wrong = await ask<Schemas['Problem']>('/runs', { command: ['nope'], image } satisfies RunBody)
  const kind: Schemas['ErrorKind'] = wrong.data.error.kind
  check(wrong.status === 422 && kind === 'not_found' && wrong.data.error.began === false, wrong)

  // @ts-expect-error a command needs an image
  const withoutImage: Schemas['RunCommand'] = { command: 'ls' }
  // @ts-expect-error there is no such field
  const misspelled: Schemas['RunCode'] = { code: '1', langauge: 'python' }
  check(withoutImage !== undefined && misspelled !== undefined, '')
  console.log('ok')
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
