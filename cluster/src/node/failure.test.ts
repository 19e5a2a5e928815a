import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { writableFolder } from './failure.ts'

const folder = mkdtempSync(join(tmpdir(), 'synod-failure-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a data folder that cannot be used', () => {
  test('is named with the reason', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(() => writableFolder(file)).toThrow(
      `cannot use the data folder ${file}: a file is in the way; choose another with --data`,
    )
    expect(() => writableFolder(join(file, 'below'))).toThrow('a file is in the way')
  })

  test.runIf(process.platform === 'linux')('on a file system without folders of users too', () => {
    expect(() => writableFolder('/proc/synod/a')).toThrow(
      'cannot use the data folder /proc/synod/a: no folder can be made there; choose another with --data',
    )
  })

  test('is made when it is not there', () => {
    const deep = join(folder, 'a', 'b')
    writableFolder(deep)
    writeFileSync(join(deep, 'x'), '')
  })
})
