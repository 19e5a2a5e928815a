/** What comes in against its schema: refused in a sentence that names the place and says what would be right. */
import { z } from 'zod'
import { nearest, suggestion } from '../config/nearest.ts'
import { BadInput } from './problem.ts'

/** Throws `BadInput` that names the place: `operations[2].amount: must be an integer …`. */
export function parse<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const parsed = schema.safeParse(input, { error: sentence })
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  const [issue] = issues
  if (issue === undefined) throw new BadInput('the body is not what is expected here')
  const place = issue.path.length === 0 ? 'body' : placeOf(issue.path)
  throw new BadInput(
    issue.message === isMissing
      ? `${place} is missing${mistaken(issue.path, issues)}`
      : `${place}: ${issue.message}`,
  )
}

type Issue = z.core.$ZodIssue
type RawIssue<Kind extends Issue = Issue> = z.core.$ZodRawIssue<Kind>

const isMissing = 'is missing'

/** In the words of this edge, where a schema has none of its own. Undefined: in zod's. */
function sentence(issue: RawIssue): string | undefined {
  const { input } = issue
  switch (issue.code) {
    case 'invalid_type':
      if (input === undefined) return isMissing
      return issue.expected === 'int'
        ? 'must be a whole number'
        : `must be ${withArticle(issue.expected)}, not ${kindOf(input)}`
    case 'invalid_value':
      return input === undefined ? isMissing : unknownName('value', input, issue.values.map(String))
    case 'invalid_union':
      return input === undefined ? isMissing : noSuchVariant(issue)
    case 'unrecognized_keys':
      return unknownKey(issue)
    case 'too_small':
      return tooSmall(issue)
    case 'too_big':
      return tooBig(issue)
    default:
      return undefined
  }
}

/** Where the variants of an object are told apart by one of its members. */
function noSuchVariant({ discriminator, options, input }: RawIssue<z.core.$ZodIssueInvalidUnion>) {
  if (discriminator === undefined || !Array.isArray(options)) return undefined
  const named = (input as Readonly<Record<string, unknown>>)[discriminator]
  return unknownName(discriminator, named, options.map(String))
}

function unknownKey({ keys: [key = ''], inst }: RawIssue<z.core.$ZodIssueUnrecognizedKeys>): string {
  const known = inst instanceof z.ZodObject ? Object.keys(inst.shape) : []
  return `unknown key ${JSON.stringify(key.slice(0, 40))}; ${suggestion(key, known)}`
}

/** `there is no operation "putt"; it must be one of get, put; did you mean "put"?` */
export function unknownName(what: string, name: unknown, known: readonly string[]): string {
  const all = `must be one of ${known.join(', ')}`
  if (typeof name !== 'string') return all
  const near = nearest(name, known)
  const meant = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
  return `there is no ${what} ${JSON.stringify(name.slice(0, 40))}; it ${all}${meant}`
}

function tooSmall({ origin, minimum, inclusive }: RawIssue<z.core.$ZodIssueTooSmall>): string {
  const least = inclusive === false ? `more than ${minimum}` : `at least ${minimum}`
  if (origin === 'string') return minimum === 1 ? 'must not be empty' : `must have ${least} characters`
  return origin === 'array' ? `must have ${least} ${entries(minimum)}` : `must be ${least}`
}

function tooBig({ origin, maximum, inclusive }: RawIssue<z.core.$ZodIssueTooBig>): string {
  const most = inclusive === false ? `less than ${maximum}` : `at most ${maximum}`
  if (origin === 'string') return `must have ${most} characters`
  return origin === 'array' ? `must have ${most} ${entries(maximum)}` : `must be ${most}`
}

function entries(count: number | bigint): string {
  return count === 1 ? 'entry' : 'entries'
}

const kinds: Readonly<Record<string, string>> = {
  array: 'a list',
  record: 'an object',
  boolean: 'true or false',
}

function withArticle(kind: string): string {
  return kinds[kind] ?? `${kind.startsWith('o') ? 'an' : 'a'} ${kind}`
}

function kindOf(input: unknown): string {
  if (input === null || typeof input === 'boolean') return String(input)
  return withArticle(Array.isArray(input) ? 'array' : typeof input)
}

function placeOf(path: Issue['path']): string {
  return path.reduce<string>(
    (place, step) =>
      typeof step === 'number'
        ? `${place}[${step}]`
        : place === ''
          ? String(step)
          : `${place}.${String(step)}`,
    '',
  )
}

/** The unknown keys beside the one that is missing: one of them may be meant. */
function mistaken(path: Issue['path'], issues: readonly Issue[]): string {
  const beside = placeOf(path.slice(0, -1))
  const keys = issues.flatMap(issue =>
    issue.code === 'unrecognized_keys' && placeOf(issue.path) === beside ? issue.keys : [],
  )
  if (keys.length === 0) return ''
  const missing = String(path.at(-1))
  const near = nearest(missing, keys)
  const shown = JSON.stringify((near ?? keys[0] ?? '').slice(0, 40))
  return `; unknown key ${shown}${near === undefined ? '' : `; did you mean ${JSON.stringify(missing)}?`}`
}
