/**
 * Imports point one way (ARCHITECTURE.md): the linter's rule, shown to catch planted violations and to let the rest
 * be.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const planted: readonly [file: string, from: string, allowed: boolean][] = [
  ['runtime/src/a.ts', '@synod/actors', false],
  ['runtime/src/b.ts', '../../actors/src/index.ts', false],
  ['runtime/src/c.ts', 'ws', true],
  ['actors/src/a.ts', '@synod/runtime/host', false],
  ['actors/src/b.ts', 'node:fs', false],
  ['actors/src/h.ts', '@synod/runtime', false],
  ['actors/src/c.ts', '../../runtime/src/codec.ts', false],
  ['actors/src/d.ts', '@synod/cluster', false],
  ['actors/src/paxos/e.ts', 'ws', false],
  ['actors/src/f.fixture.ts', '@synod/runtime/simulation', true],
  ['actors/src/f.ts', '@synod/runtime/protocol', true],
  ['actors/src/paxos/g.ts', '../replicated/group.ts', true],
  ['cluster/src/a.ts', '@synod/dashboard', false],
  ['cluster/src/cli/verbs/b.ts', '../../../../actors/src/index.ts', false],
  ['cluster/src/c.ts', '@synod/actors', true],
  ['dashboard/src/a.ts', '@synod/runtime/host', false],
  ['dashboard/src/b.ts', '@synod/cluster', true],
]
const folders: string[] = []
afterAll(() => Promise.all(folders.map(folder => rm(folder, { recursive: true }))))

test('the linter refuses every import that points the wrong way, and no other', async () => {
  const refused = await lint(
    planted.map(([file, from]) => [file, `import { x } from '${from}'\n\nexport const y = x\n`]),
    'noRestrictedImports',
  )
  const expected = planted.filter(([, , allowed]) => !allowed).map(([file]) => file)
  expect([...refused].sort()).toEqual(expected.sort())
})

test('the linter refuses clocks and timers to actors, and to nobody else', async () => {
  const text =
    'export const now = () => Date.now()\n\nexport const later = (f: () => void) => setTimeout(f, 1)\n'
  const files = ['actors/src/a.ts', 'actors/src/a.test.ts', 'runtime/src/a.ts', 'cluster/src/a.ts']
  const refused = await lint(
    files.map(file => [file, text]),
    'noRestrictedGlobals',
  )
  expect([...refused]).toEqual(['actors/src/a.ts'])
})

/** Lints files in a folder of their own under the project's configuration; returns those that break the rule. */
async function lint(files: readonly (readonly [string, string])[], rule: string): Promise<Set<string>> {
  const folder = await mkdtemp(join(tmpdir(), 'synod-boundaries-'))
  folders.push(folder)
  const config = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8'))
  delete config.$schema
  await writeFile(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }))
  for (const [file, text] of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
  const report = await biome(folder)
  return new Set(
    report.diagnostics
      .filter(({ category }) => category === `lint/style/${rule}`)
      .map(({ location }) =>
        (typeof location.path === 'string' ? location.path : location.path.file).replace(`${folder}/`, ''),
      ),
  )
}

interface Report {
  readonly diagnostics: readonly {
    readonly category: string
    readonly location: { readonly path: string | { readonly file: string } }
  }[]
}

function biome(folder: string): Promise<Report> {
  const command = join(root, 'node_modules', '.bin', 'biome')
  return new Promise((resolve, reject) => {
    execFile(
      command,
      ['lint', '--reporter=json', '--max-diagnostics=200', '.'],
      { cwd: folder },
      (error, stdout, stderr) => {
        if (stdout.trim() === '') reject(error ?? new Error(stderr))
        else resolve(JSON.parse(stdout) as Report)
      },
    )
  })
}
