import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDurably, writeDurably } from './durable-file.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synod-durable-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a file is replaced as a whole, for this user only, and no draft is left', () => {
  const path = join(folder, 'file')
  writeDurably(path, 'old')
  writeDurably(path, 'new')
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['file'])
})

test('a file that must be new is not written over', () => {
  const path = join(folder, 'file')
  createDurably(path, 'first')
  expect(() => createDurably(path, 'second')).toThrow(/EEXIST/)
  expect(readFileSync(path, 'utf8')).toBe('first')
  expect(readdirSync(folder)).toEqual(['file'])
})
