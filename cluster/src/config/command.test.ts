import { expect, test } from 'vitest'
import { commandIn } from './command.ts'

const installedIn = (folder: string) => (path: string) => path === `${folder}/pnpm`
const cache = '/home/u/.npm/_npx/ab12/node_modules'

test.each([
  ['installed', '/usr/bin/pnpm', '/usr/bin:/bin', '/usr/bin', 'pnpm cluster'],
  ['installed, and started by node', undefined, '/usr/bin:/bin', '/usr/bin', 'pnpm cluster'],
  [
    'installed, and started by npx',
    `${cache}/pnpm/bin/pnpm.cjs`,
    '/usr/bin',
    '/usr/bin',
    'npx -y pnpm cluster',
  ],
  ['only what npx brought', undefined, `${cache}/.bin:/bin`, `${cache}/.bin`, 'npx -y pnpm cluster'],
  ['nowhere', undefined, '', '/usr/bin', 'npx -y pnpm cluster'],
])('pnpm is %s', (_, npm_execpath, PATH, folder, command) => {
  expect(commandIn({ npm_execpath, PATH }, installedIn(folder))).toBe(command)
})
