import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { explainListen, Failure, listen, writableFolder } from './failure.ts'
import { portHolder } from './port-holder.ts'

const folder = mkdtempSync(join(tmpdir(), 'synod-failure-'))
afterAll(() => rmSync(folder, { recursive: true }))
const withCode = (code: string) => Object.assign(new Error(code), { code })

describe('a port that is taken', () => {
  test('is explained with the process that holds it, and what to do', async () => {
    const first = createServer()
    await listen(first, '127.0.0.1', 0)
    const { port } = first.address() as AddressInfo
    const second = createServer()
    const failure = await listen(second, '127.0.0.1', port).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Failure)
    const who = process.platform === 'linux' ? `by process ${process.pid}: ` : 'by another process'
    expect((failure as Failure).message).toContain(`port ${port} is taken ${who}`)
    expect((failure as Failure).message).toContain('stop it, or choose another with --port')
    await new Promise(resolve => first.close(resolve))
    expect(portHolder(port)).toBeUndefined()
  })

  test.each([
    ['EADDRNOTAVAIL', 'cannot listen on 10.0.0.9:80: this machine has no address 10.0.0.9'],
    [
      'EACCES',
      'cannot listen on 10.0.0.9:80: this user may not use port 80; choose one above 1023 with --port',
    ],
    ['EOTHER', 'cannot listen on 10.0.0.9:80: EOTHER'],
  ])('%s is said in words', (code, message) => {
    expect(explainListen(withCode(code), '10.0.0.9', 80)).toBe(message)
  })
})

describe('a data folder that cannot be used', () => {
  test('is named with the reason', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(() => writableFolder(file)).toThrow(
      `cannot use the data folder ${file}: a file is in the way; choose another with --data`,
    )
    expect(() => writableFolder(join(file, 'below'))).toThrow('a file is in the way')
  })

  test.runIf(process.platform === 'linux')('on a read-only file system too', () => {
    expect(() => writableFolder('/proc/synod')).toThrow(
      /^cannot use the data folder \/proc\/synod: .*--data$/,
    )
  })

  test('is made when it is not there', () => {
    const deep = join(folder, 'a', 'b')
    writableFolder(deep)
    writeFileSync(join(deep, 'x'), '')
  })
})
