/** Requests drawn from an OpenAPI document: some as it wants them, most a little or entirely wrong. */
import fc from 'fast-check'

interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly pattern?: string
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}
interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, unknown>> }>>
}
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: { readonly Problem: Schema } }
}
export interface DrawnRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}
export interface DocumentedRoute {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

export function routesOf(document: OpenApi): readonly DocumentedRoute[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  )
}

export function requestOf({ method, path, operation }: DocumentedRoute): fc.Arbitrary<DrawnRequest> {
  const inPath = operation.parameters.filter(parameter => parameter.in === 'path')
  const inQuery = operation.parameters.filter(parameter => parameter.in === 'query')
  return fc
    .record({
      values: fc.tuple(...inPath.map(({ name }) => pathValue(name))),
      query: fc.tuple(...inQuery.map(({ schema }) => fc.option(queryValue(schema), { nil: undefined }))),
      headers: headers(),
      body:
        method === 'GET'
          ? fc.constant(undefined)
          : bodyOf(operation.requestBody?.content['application/json'].schema),
    })
    .map(({ values, query, ...rest }) => {
      const filled = inPath.reduce(
        (text, { name }, at) => text.replace(`{${name}}`, () => values[at] ?? ''),
        path,
      )
      const search = inQuery.flatMap(({ name }, at) =>
        query[at] === undefined ? [] : [`${name}=${query[at]}`],
      )
      return { method, path: search.length === 0 ? filled : `${filled}?${search.join('&')}`, ...rest }
    })
}

/** As it stands in the request line: escaped, or not as it should be. */
const strangeText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map(text => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom(
    '%',
    '%zz',
    '%E0%A4%A',
    '%00',
    '%2F..%2F',
    '..',
    '.',
    "'",
    ';--',
    '%F0%9F%92%A9',
    '%0d%0aX:%20y',
    'x'.repeat(600),
  ),
)
const amount = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3 }).map(String) },
  fc.constantFrom(
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '9007199254740991',
    '9007199254740992',
    '99999999999999999999',
    '+1',
    '٣',
    '',
  ),
)
const id = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('0', '1', '2', 'nobody', '7') },
  fc.string({ unit: fc.constantFrom(...'abz09._~:-'), minLength: 1, maxLength: 20 }),
)

function pathValue(name: string): fc.Arbitrary<string> {
  const fitting =
    name === 'keyspace'
      ? fc.constantFrom('kv', 'kv', 'kv', 'orders', 'stock', 'nowhere', 'constructor')
      : name === 'key' || name.endsWith('id')
        ? id
        : amount
  return fc.oneof({ weight: 3, arbitrary: fitting }, strangeText)
}

function queryValue(schema: Schema): fc.Arbitrary<string> {
  const fitting = schema.type === 'integer' ? fc.integer({ min: -1, max: 1_001 }).map(String) : id
  return fc.oneof({ weight: 3, arbitrary: fitting }, strangeText)
}

function headers(): fc.Arbitrary<Record<string, string>> {
  const key = fc.oneof(fc.constantFrom('again', 'again', '', 'x'.repeat(255), 'x'.repeat(256)), fc.uuid())
  return fc.record(
    {
      'idempotency-key': key,
      'content-type': fc.constantFrom(
        'application/json',
        'text/plain',
        'multipart/form-data; boundary=x',
        ';;;',
      ),
      accept: fc.constantFrom('*/*', 'text/html', 'nonsense'),
      traceparent: fc.constantFrom('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'garbage'),
    },
    { requiredKeys: [] },
  )
}

function bodyOf(schema: Schema | undefined): fc.Arbitrary<string | undefined> {
  const wrong = fc.oneof(
    fc.constantFrom(
      undefined,
      '',
      '{',
      'null',
      '[]',
      '{}',
      '"x"',
      '1e999',
      '\ud800',
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
      `"${'x'.repeat(1_100_000)}"`,
    ),
    fc.json(),
    fc.string(),
  )
  if (schema === undefined) return wrong
  return fc.oneof({ weight: 3, arbitrary: drawn(schema).map(value => JSON.stringify(value)) }, wrong)
}

/** Of the schema, with something else in a fifth of the places. */
function drawn(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: fitting(schema) }, fc.jsonValue({ maxDepth: 2 }))
}

function fitting({ const: only, oneOf, type, properties, items, required }: Schema): fc.Arbitrary<unknown> {
  if (only !== undefined) return fc.constant(only)
  if (oneOf !== undefined) return fc.oneof(...oneOf.map(drawn))
  if (properties !== undefined) {
    const members = Object.entries(properties).map(
      ([name, schema]) => [name, memberOf(name, schema)] as const,
    )
    return fc.record(Object.fromEntries(members), { requiredKeys: [...(required ?? [])] })
  }
  switch (type) {
    case 'array':
      return fc.array(drawn(items ?? {}), { minLength: 1, maxLength: 5 })
    case 'integer':
      return fc.oneof(fc.integer({ min: -5, max: 5 }), fc.maxSafeInteger())
    case 'boolean':
      return fc.boolean()
    case 'string':
      return fc.string({ maxLength: 20 })
    default:
      return fc.jsonValue({ maxDepth: 3 })
  }
}

/** Names that exist, so that more than the refusal of a name is met. */
function memberOf(name: string, schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return drawn(schema)
  if (name === 'keyspace')
    return fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('kv', 'kv', 'kv', 'stock', 'nowhere', 'constructor') },
      drawn(schema),
    )
  if (name === 'key') return fc.oneof({ weight: 9, arbitrary: id }, drawn(schema))
  return drawn(schema)
}
