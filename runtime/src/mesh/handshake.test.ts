import { describe, expect, test } from 'vitest'
import { type NodeId, nodeId } from '../address.ts'
import type { Testimony } from '../membership/witnesses.ts'
import type { Agreement } from './agreement.ts'
import { type CloseName, Refusal } from './close-codes.ts'
import { Handshake, type Met, type Party, wireVersion } from './handshake.ts'

const n1 = nodeId('n1')
const n2 = nodeId('n2')
const nothing: Testimony = { settled: false, sightings: new Map() }
let nonces = 0

function party(node: NodeId, changes: Partial<Party> & { saw?: Testimony } = {}): Party {
  return {
    cluster: 'shop',
    node,
    secret: 'correct horse',
    claim: () => ({ incarnation: `1-${node}`, turn: node === n1 ? 10 : 20 }),
    testimony: () => changes.saw ?? nothing,
    nonce: () => String(++nonces).padStart(32, '0'),
    ...changes,
  }
}
const only = (peer: NodeId) => (name: string) => (name === peer ? peer : undefined)

interface Outcome {
  dialler?: Met
  accepter?: Met
  refusedBy?: 'dialler' | 'accepter'
  why?: CloseName
  reason?: string
  said: string[]
}

/** Plays the handshake; `tamper` may change each message on its way. */
function play(
  dialling: Party,
  accepting: Party,
  tamper: (text: string, index: number) => string = same,
): Outcome {
  const sides = {
    dialler: new Handshake(dialling, true, only(n2)),
    accepter: new Handshake(accepting, false, only(n1)),
  }
  const outcome: Outcome = { said: [] }
  let next: string | undefined = sides.dialler.hello()
  for (let index = 0; next !== undefined; index++) {
    outcome.said.push(next)
    const turn = index % 2 === 0 ? 'accepter' : 'dialler'
    try {
      const step = sides[turn].receive(tamper(next, index))
      if (step.met !== undefined) outcome[turn] = step.met
      next = step.say
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return { ...outcome, refusedBy: turn, why: error.why, reason: error.message }
    }
  }
  return outcome
}
const same = (text: string) => text
const edit =
  (at: number, change: (message: Record<string, unknown>) => void) => (text: string, index: number) => {
    if (index !== at) return text
    const message = JSON.parse(text) as Record<string, unknown>
    change(message)
    return JSON.stringify(message)
  }

describe('the handshake', () => {
  test('[MS3] tells each side who the other is, what it claims and what it has seen', () => {
    const saw: Testimony = {
      settled: true,
      sightings: new Map([
        [n2, { incarnation: '1-n2', turn: 19 }],
        [nodeId('n3'), { incarnation: '2-n3', turn: 7, hearsay: true }],
      ]),
    }
    const outcome = play(party(n1, { saw }), party(n2))
    expect(outcome.dialler).toEqual({
      peer: n2,
      claim: { incarnation: '1-n2', turn: 20 },
      testimony: nothing,
    })
    expect(outcome.accepter).toEqual({ peer: n1, claim: { incarnation: '1-n1', turn: 10 }, testimony: saw })
  })

  test('[MS3] a node without identity says so', () => {
    const outcome = play(party(n1, { claim: () => ({ incarnation: '', turn: 0 }) }), party(n2))
    expect(outcome.accepter?.claim).toEqual({ incarnation: '', turn: 0 })
  })

  test('[MS4] a dialler with the wrong secret is refused before it gets a proof', () => {
    const outcome = play(party(n1, { secret: 'guess' }), party(n2))
    expect(outcome).toMatchObject({ refusedBy: 'accepter', why: 'badSecret' })
    expect(outcome.said.filter(text => text.includes('"proof"'))).toHaveLength(1)
  })

  test('[MS4] an accepter that does not know the secret is refused', () => {
    const outcome = play(
      party(n1),
      party(n2),
      edit(3, message => (message.proof = '00'.repeat(32))),
    )
    expect(outcome).toMatchObject({ refusedBy: 'dialler', why: 'badSecret' })
  })

  test.each<[string, (message: Record<string, unknown>) => void]>([
    ['is missing', message => delete message.proof],
    ['is short', message => (message.proof = 'ab')],
    ['is no text', message => (message.proof = 7)],
    ['is not hexadecimal', message => (message.proof = 'zz'.repeat(32))],
  ])('[MS4] a proof that %s is a wrong secret', (_, change) => {
    expect(play(party(n1), party(n2), edit(2, change))).toMatchObject({
      refusedBy: 'accepter',
      why: 'badSecret',
    })
  })

  test('[MS5] a proof is good for one role and one conversation', () => {
    const earlier = play(party(n1), party(n2))
    const replayed = (text: string, index: number) => (index === 2 ? (earlier.said[2] ?? '') : text)
    expect(play(party(n1), party(n2), replayed)).toMatchObject({ refusedBy: 'accepter', why: 'badSecret' })
    const own = play(party(n1), party(n2))
    let proof: unknown
    const reflected = (text: string, index: number) => {
      const message = JSON.parse(text) as Record<string, unknown>
      if (index === 2) proof = message.proof
      if (index === 3) message.proof = proof
      return JSON.stringify(message)
    }
    expect(own.dialler).toBeDefined()
    expect(play(party(n1), party(n2), reflected)).toMatchObject({ refusedBy: 'dialler', why: 'badSecret' })
  })

  test.each(['incarnation', 'turn', 'nonce'])(
    '[MS5] a hello whose %s was changed on the way is refused',
    field => {
      const other = { incarnation: '9-z', turn: 99, nonce: 'f'.repeat(32) }[field]
      const outcome = play(
        party(n1),
        party(n2),
        edit(0, message => (message[field] = other)),
      )
      expect(outcome).toMatchObject({ refusedBy: 'accepter', why: 'badSecret' })
    },
  )

  test.each<[CloseName, string, (message: Record<string, unknown>) => void]>([
    ['badVersion', 'run the same release', message => (message.version = wireVersion + 1)],
    ['wrongCluster', 'give both nodes the same cluster id', message => (message.cluster = 'other')],
    ['unknownNode', 'make the member lists', message => (message.node = 'n7')],
    ['unknownNode', 'make the member lists', message => (message.node = 7)],
    ['notAFrame', 'not a hello', message => (message.nonce = 'short')],
    ['notAFrame', 'not a hello', message => (message.turn = -1)],
    ['notAFrame', 'not a hello', message => (message.incarnation = 'x')],
    ['notAFrame', 'expected', message => (message.type = 'welcome')],
  ])('[MS6] %s: %s', (why, advice, change) => {
    for (const at of [0, 1]) {
      const outcome = play(party(n1), party(n2), edit(at, change))
      expect(outcome).toMatchObject({ refusedBy: at === 0 ? 'accepter' : 'dialler', why })
      expect(outcome.reason).toContain(advice)
      expect(Buffer.byteLength(outcome.reason ?? '')).toBeLessThanOrEqual(120)
    }
  })

  test.each(['', 'hello', 'null', '[]', '7', '{"type":"hello"'])('[MS6] %j is not a handshake', text => {
    expect(play(party(n1), party(n2), (said, index) => (index === 0 ? text : said))).toMatchObject({
      why: 'notAFrame',
    })
  })

  test.each([
    ['a sighting that is none', { seen: [['n3', 'x', 1]] }],
    ['a sighting of nobody', { seen: [[7, '1-a', 1]] }],
    ['a turn that is none', { seen: [['n3', '1-a', -1]] }],
    ['a mark that is none', { seen: [['n3', '1-a', 1, 'yes']] }],
    ['sightings that are no list', { seen: { n3: ['1-a', 1] } }],
    ['no list of sightings', { seen: undefined }],
    ['a standing that is none', { settled: 'yes' }],
  ])('[MS6] %s is refused', (_, change) => {
    for (const at of [3, 4]) {
      const tampered = edit(at, message => Object.assign(message, change))
      expect(play(party(n1), party(n2), tampered)).toMatchObject({ why: 'notAFrame' })
    }
  })

  test('[MS4] the secret is never said', () => {
    for (const text of play(party(n1), party(n2)).said) expect(text).not.toContain('correct horse')
  })

  const terms = (own: string): Agreement => ({
    terms: own,
    differs: (peer, theirs) => (theirs === own ? undefined : `make ${peer} say ${own}, not ${theirs}`),
  })
  const having = (node: NodeId, own: string) => party(node, { agreement: terms(own) })

  test('[MS16] members with the same terms meet, and so do a member and one that has none', () => {
    for (const [first, second] of [
      [having(n1, 'A'), having(n2, 'A')],
      [having(n1, 'A'), party(n2)],
      [party(n1), having(n2, 'A')],
    ] as const) {
      expect(play(first, second)).toMatchObject({ dialler: { peer: n2 }, accepter: { peer: n1 } })
    }
  })

  test('[MS16] members with other terms do not meet: whoever hears it first says what differs', () => {
    const outcome = play(having(n1, 'A'), having(n2, 'B'))
    expect(outcome).toMatchObject({ refusedBy: 'dialler', why: 'disagree', reason: 'make n2 say A, not B' })
    expect(outcome).not.toHaveProperty('accepter')
    const late = play(
      having(n1, 'A'),
      having(n2, 'A'),
      edit(4, message => (message.terms = 'C')),
    )
    expect(late).toMatchObject({ refusedBy: 'accepter', why: 'disagree', reason: 'make n1 say A, not C' })
  })

  test('[MS16] terms are told to nobody who has not proved that it is a member', () => {
    const stranger = party(n1, { secret: 'guess' })
    expect(play(stranger, having(n2, 'told')).said.join()).not.toContain('told')
    const said = play(having(n1, 'told'), party(n2, { secret: 'guess' })).said
    expect(said.join()).not.toContain('told')
  })

  test('[MS6] terms that are no text are refused', () => {
    for (const at of [3, 4]) {
      const tampered = edit(at, message => (message.terms = 7))
      expect(play(having(n1, 'A'), having(n2, 'A'), tampered)).toMatchObject({ why: 'notAFrame' })
    }
  })
})
