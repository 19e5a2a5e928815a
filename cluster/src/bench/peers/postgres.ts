/**
 * The peer of the checkout bench: one PostgreSQL, not replicated, with its default settings (every commit synced). A
 * checkout is one call of a function, so one transaction and one round trip, over a Unix socket, from pgbench.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../children.ts'
import type { Measured } from '../figure.ts'
import { Latencies } from '../latencies.ts'
import { newFolder, removeFolder } from '../places.ts'

const root = '/usr/lib/postgresql'

export interface CheckoutTask {
  readonly users: number
  readonly seconds: number
  readonly orders: number
  readonly items: number
}

/** Of the newest version that is here. */
export function findPostgres(): { readonly programs: string; readonly version: string } | undefined {
  if (!existsSync(root)) return undefined
  const versions = readdirSync(root).sort((left, right) => Number(right) - Number(left))
  const version = versions.find(one => existsSync(join(root, one, 'bin/initdb')))
  return version === undefined ? undefined : { programs: join(root, version, 'bin'), version }
}

/** PostgreSQL refuses to run as root; its package brings a user. */
function identity(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(line => line.startsWith('postgres:'))
  if (entry === undefined)
    throw new Error('run as root, PostgreSQL needs the user postgres, which is not here')
  const [, , uid, gid] = entry.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

export async function measurePostgres(programs: string, task: CheckoutTask): Promise<Measured> {
  const who = identity()
  const folder = newFolder('postgres')
  const data = join(folder, 'data')
  mkdirSync(data)
  if (who !== undefined) for (const path of [folder, data]) chownSync(path, who.uid, who.gid)
  const call = (program: string, args: readonly string[], input?: string) =>
    run(join(programs, program), args, {
      timeoutMs: (task.seconds + 120) * 1_000,
      cwd: folder,
      ...who,
      ...(input === undefined ? {} : { input }),
    })
  await call('initdb', ['-D', data, '-U', 'bench', '-A', 'trust', '--no-sync'])
  const server = `-k ${folder} -c listen_addresses='' -c max_connections=${task.users + 10}`
  await call('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'server.log'), '-o', server, 'start'])
  try {
    await call('psql', ['-q', '-h', folder, '-U', 'bench', '-v', 'ON_ERROR_STOP=1', 'postgres'], schema(task))
    return await load(folder, task, call)
  } finally {
    await call('pg_ctl', ['-D', data, '-w', '-m', 'immediate', 'stop'])
    removeFolder(folder)
  }
}

async function load(
  folder: string,
  { users, seconds }: CheckoutTask,
  call: (program: string, args: readonly string[], input?: string) => Promise<string>,
): Promise<Measured> {
  const script = join(folder, 'checkout.sql')
  writeFileSync(script, "SELECT checkout(nextval('next_order')::integer);\n")
  const connection = ['-h', folder, '-U', 'bench']
  const pace = ['-n', '-c', String(users), '-j', '2', '-T', String(seconds), '-f', script]
  await call('pgbench', [...connection, ...pace, '-l', '--log-prefix', join(folder, 'times'), 'postgres'])
  const paid = await call(
    'psql',
    ['-At', ...connection, 'postgres'],
    'SELECT count(*) FROM orders WHERE paid',
  )
  const latencies = new Latencies()
  for (const file of readdirSync(folder).filter(name => name.startsWith('times.'))) {
    for (const line of readFileSync(join(folder, file), 'latin1').split('\n')) {
      const us = line.split(' ')[2]
      if (us !== undefined) latencies.add(Number(us) / 1_000)
    }
  }
  return { ...latencies.measured(seconds), rate: Number(paid) / seconds }
}

/** The same rows as the shop's: orders of two items, stock and credit that nobody runs out of. */
function schema({ orders, items }: CheckoutTask): string {
  return `
CREATE TABLE items (id integer PRIMARY KEY, stock integer NOT NULL CHECK (stock >= 0));
CREATE TABLE users (id integer PRIMARY KEY, credit integer NOT NULL CHECK (credit >= 0));
CREATE TABLE orders (id integer PRIMARY KEY, buyer integer NOT NULL, one integer NOT NULL, two integer NOT NULL,
  cost integer NOT NULL, paid boolean NOT NULL DEFAULT false);
CREATE SEQUENCE next_order MINVALUE 0 START 0;
INSERT INTO items SELECT id, 1000000000 FROM generate_series(0, ${items - 1}) AS id;
INSERT INTO users SELECT id, 1000000000 FROM generate_series(0, ${items - 1}) AS id;
INSERT INTO orders SELECT id, floor(random() * ${items}), floor(random() * ${items}), floor(random() * ${items}), 2
  FROM generate_series(0, ${orders - 1}) AS id;
-- Items are locked in the order of their ids, so that two checkouts cannot wait for each other.
CREATE FUNCTION checkout(wanted integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE it orders;
BEGIN
  UPDATE orders SET paid = true WHERE id = wanted AND NOT paid RETURNING * INTO it;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE items SET stock = stock - 1 WHERE id = least(it.one, it.two);
  UPDATE items SET stock = stock - 1 WHERE id = greatest(it.one, it.two);
  UPDATE users SET credit = credit - it.cost WHERE id = it.buyer;
  RETURN true;
END $$;
VACUUM ANALYZE;
`
}
