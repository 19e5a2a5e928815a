/** Reads YAML against a schema, and says what is wrong with file, line and the nearest name that would be right. */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { suggestion } from './nearest.ts'

/** What a user must change; `problems` are whole lines. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

export type Path = readonly PropertyKey[]
/** `place` names file and line of the value at a path. */
export interface Parsed<Value> {
  readonly value: Value
  readonly place: (path: Path) => string
}
type Issue = z.core.$ZodIssue

/** Throws `ConfigError`. `origin` is the file's name in messages. */
export function parseYaml<Schema extends z.ZodType>(
  schema: Schema,
  source: string,
  origin: string,
): Parsed<z.output<Schema>> {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  const [syntax] = document.errors
  if (syntax !== undefined) {
    throw new ConfigError([`${origin}:${lines.linePos(syntax.pos[0]).line}: not YAML: ${syntax.message}`])
  }
  const value: unknown = document.toJS() ?? {}
  const lineOf = (path: Path): number | undefined => {
    const offset = offsetOf(document.contents, path)
    return offset === undefined ? undefined : lines.linePos(offset).line
  }
  const place = (path: Path) => {
    const line = lineOf(path)
    return line === undefined ? origin : `${origin}:${line}`
  }
  return { value: validate(schema, value, place), place }
}

/** Throws `ConfigError`; `place` names the source of the value at a path. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: (path: Path) => string,
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ConfigError(result.error.issues.flatMap(issue => explain(schema, issue, place)))
}

function explain(schema: z.ZodType, issue: Issue, place: (path: Path) => string): string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path)
    const within = issue.path.length === 0 ? '' : ` in ${issue.path.join('.')}`
    return issue.keys.map(
      key =>
        `${place([...issue.path, key])}: unknown key ${JSON.stringify(key)}${within}; ${suggestion(key, known)}`,
    )
  }
  const at = issue.path.length === 0 ? 'the configuration' : issue.path.join('.')
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  const where = place(issue.path)
  // A flag is its own place.
  return [where.startsWith('--') ? `${where}: ${message}` : `${where}: ${at}: ${message}`]
}

/** The keys that the schema knows at a path. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  let at: unknown = unwrap(schema)
  for (const step of path) {
    const shape = shapeOf(at)
    at = unwrap(shape === undefined ? recordValue(at) : shape[String(step)])
  }
  return Object.keys(shapeOf(at) ?? {})
}

interface Wrapped {
  readonly def?: { readonly innerType?: unknown; readonly shape?: unknown; readonly valueType?: unknown }
}
/** Below defaults and optionals. */
function unwrap(schema: unknown): unknown {
  let at = schema
  while ((at as Wrapped | undefined)?.def?.innerType !== undefined) at = (at as Wrapped).def?.innerType
  return at
}
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  return (schema as Wrapped | undefined)?.def?.shape as Record<string, unknown> | undefined
}
function recordValue(schema: unknown): unknown {
  return (schema as Wrapped | undefined)?.def?.valueType
}

/** Where the key of a path's last step stands, or the deepest step that is there. */
function offsetOf(contents: unknown, path: Path): number | undefined {
  let node = contents
  let offset: number | undefined
  for (const step of path) {
    if (!isMap(node)) break
    const pair = node.items.find(item => isScalar(item.key) && String(item.key.value) === String(step))
    if (pair === undefined) break
    offset = isScalar(pair.key) ? pair.key.range?.[0] : undefined
    node = pair.value
  }
  return offset
}
