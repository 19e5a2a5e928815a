/** What became of each frame, counted. */
import type { Damage } from './mutate.ts'
import type { Closed } from './raw-socket.ts'

export class Tally {
  sent = 0
  /** Frames after which the link went on: the damage fell on what only an actor or a request gives a meaning. */
  survived = 0
  readonly closedBy = new Map<string, number>()
  readonly byDamage = new Map<Damage, number>()
  /** Ends without a documented code. */
  readonly strange: string[] = []

  frame(damage: Damage): void {
    this.sent++
    add(this.byDamage, damage)
  }

  /** `documented`: code → name. */
  closed({ code, reason }: Closed, documented: ReadonlyMap<number, string>): void {
    const name = code === undefined ? undefined : documented.get(code)
    if (name === undefined) this.strange.push(`${code ?? 'no close frame'} ${reason}`)
    else add(this.closedBy, reason === '' ? name : `${name}: ${reason}`)
  }

  lines(): string[] {
    const list = (counts: ReadonlyMap<string, number>) =>
      [...counts]
        .sort(([, left], [, right]) => right - left)
        .map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`)
    return [
      `${this.sent} damaged frames, ${this.survived} after which the link went on`,
      ...list(this.byDamage),
      'closed with',
      ...list(this.closedBy),
      ...this.strange.slice(0, 10).map(text => `  STRANGE  ${text}`),
    ]
  }
}

function add<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
