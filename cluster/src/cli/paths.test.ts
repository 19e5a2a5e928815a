import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { usualData } from './paths.ts'

test('the data folder is the nearest .synod upward, else that of the project', () => {
  const root = mkdtempSync(join(tmpdir(), 'synod-paths-'))
  const deep = join(root, 'docs', 'deep')
  mkdirSync(deep, { recursive: true })
  expect(usualData(deep, '/project')).toBe('/project/.synod')
  mkdirSync(join(root, '.synod'))
  expect(usualData(deep, '/project')).toBe(join(root, '.synod'))
  expect(usualData(root, '/project')).toBe(join(root, '.synod'))
  writeFileSync(join(root, 'docs', '.synod'), 'a file is none')
  expect(usualData(deep, '/project')).toBe(join(root, '.synod'))
  mkdirSync(join(deep, '.synod'))
  expect(usualData(deep, '/project')).toBe(join(deep, '.synod'))
  rmSync(root, { recursive: true })
})
