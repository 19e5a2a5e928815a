import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { actorId } from '../address.ts'
import { openSqlite } from './sqlite.ts'
import { cleanUp, later, newFolder } from './sqlite-fixture.ts'

afterEach(cleanUp)

const child = fileURLToPath(new URL('./sqlite-crash-child.ts', import.meta.url))

/** Runs the child until it acknowledged `kill` turns more, kills it, and gives the last turn it acknowledged. */
function runUntilKilled(folder: string, kill: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, folder, '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    later(() => process_.kill('SIGKILL'))
    let printed = ''
    let lines = 0
    process_.stdout.setEncoding('utf8')
    process_.stdout.on('data', (text: string) => {
      printed += text
      lines += text.split('\n').length - 1
      if (lines >= kill) process_.kill('SIGKILL')
    })
    process_.on('error', reject)
    process_.on('close', () => {
      const complete = printed.slice(0, printed.lastIndexOf('\n')).split('\n')
      resolve(Number(complete.at(-1)))
    })
  })
}

describe('kill -9 in the middle of commits', () => {
  it('[ST7] reopening shows whole turns only, and every one that was acknowledged', async () => {
    const folder = newFolder()
    for (const kill of [1, 20, 50, 33]) {
      const acknowledged = await runUntilKilled(folder, kill)
      const store = openSqlite(folder)
      const turn = store.turn()
      const rows = [...store.rows(actorId('acceptor', 'x')).entries()]
      store.close()
      // One more may have been committed: the process died before it could say so.
      expect(turn).toBeGreaterThanOrEqual(acknowledged)
      expect(turn).toBeLessThanOrEqual(acknowledged + 1)
      const perTurn = new Map<unknown, number>()
      for (const [, value] of rows) perTurn.set(value, (perTurn.get(value) ?? 0) + 1)
      expect(perTurn.size).toBe(turn)
      for (let t = 1; t <= turn; t++) expect(perTurn.get(t)).toBe((t % 7) + 1)
    }
  })

  it('[ST22] the lock of a living process keeps another out, that of a killed one does not', async () => {
    const folder = newFolder()
    const running = spawn(process.execPath, [child, folder, '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    later(() => running.kill('SIGKILL'))
    await new Promise(resolve => running.stdout.once('data', resolve))
    running.stdout.resume()
    expect(() => openSqlite(folder)).toThrow(/in use/)
    running.kill('SIGKILL')
    await new Promise(resolve => running.once('close', resolve))
    const store = openSqlite(folder)
    expect(store.turn()).toBeGreaterThan(0)
    store.close()
  })
})
