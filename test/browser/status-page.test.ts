/** The page on the base port, in a real Chromium, over a real cluster. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freeBasePort } from '../../cluster/src/launcher/ports.fixture.ts'
import { ensureChromium } from './chromium.ts'

const root = join(import.meta.dirname, '..', '..')
const shots = join(root, 'test', 'browser', 'screenshots')
interface Started {
  readonly dashboard: string
  readonly nodes: readonly { readonly id: string; readonly url: string; readonly pid: number }[]
}

let data = ''
let started: Started
let browser: Browser

function cluster(...args: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(process.execPath, ['cluster/src/cli/main.ts', ...args], { cwd: root })
}

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'synod-browser-'))
  const { stdout } = await cluster(
    'start',
    '--detach',
    '--json',
    '--data',
    data,
    '--port',
    String(await freeBasePort()),
  )
  started = JSON.parse(stdout) as Started
  browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  await mkdir(shots, { recursive: true })
})
afterAll(async () => {
  await browser?.close()
  await cluster('stop', '--data', data)
  await rm(data, { recursive: true })
})

test.each(['light', 'dark'] as const)('shows every node, and the way to its API (%s)', async colorScheme => {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 800 } })
  const errors: string[] = []
  page.on('pageerror', error => errors.push(error.message))
  await page.goto(started.dashboard)
  for (const { id } of started.nodes) {
    await page.getByRole('row', { name: new RegExp(`${id} ready`) }).waitFor()
  }
  await page.screenshot({ path: join(shots, `status-${colorScheme}.png`) })
  await page.getByRole('link', { name: 'API' }).first().click()
  await page.getByText('/orders/checkout/{order_id}').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

test('shows that a killed node was started again', async () => {
  const page = await browser.newPage()
  await page.goto(started.dashboard)
  const [victim] = started.nodes
  if (victim === undefined) throw new Error('the cluster has no nodes')
  process.kill(victim.pid, 'SIGKILL')
  await page.getByRole('row', { name: new RegExp(`${victim.id} ready \\d+ 1 `) }).waitFor({ timeout: 30_000 })
  await page.close()
})
