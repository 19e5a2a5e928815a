/** Reads what the shipped nginx files say: directives, and blocks of directives. Enough of the syntax for those. */
export interface Directive {
  readonly name: string
  readonly args: readonly string[]
  /** Of a block. */
  readonly inner: readonly Directive[]
}

export function parseConf(text: string): readonly Directive[] {
  const tokens = text.match(/#.*|"[^"]*"|'[^']*'|[{};]|(?:\$\{\w+\}|[^\s{};])+/g) ?? []
  return directives(tokens.filter(token => !token.startsWith('#')).values())
}

/** Up to the end of the block, or of the file. */
function directives(tokens: Iterator<string>): readonly Directive[] {
  const found: Directive[] = []
  let words: string[] = []
  for (let next = tokens.next(); next.done !== true && next.value !== '}'; next = tokens.next()) {
    if (next.value !== ';' && next.value !== '{') {
      words.push(next.value.replace(/^(["'])(.*)\1$/, '$2'))
      continue
    }
    const [name = '', ...args] = words
    found.push({ name, args, inner: next.value === '{' ? directives(tokens) : [] })
    words = []
  }
  return found
}

/**
 * The one directive of this name, here or in blocks within, with these first arguments. Throws when there are others.
 */
export function only(within: readonly Directive[], name: string, ...args: readonly string[]): Directive {
  const found = all(within, name).filter(one => args.every((arg, at) => one.args[at] === arg))
  const [first] = found
  if (first === undefined || found.length > 1) throw new Error(`${found.length} × ${name} ${args.join(' ')}`)
  return first
}

export function all(within: readonly Directive[], name: string): readonly Directive[] {
  return within.flatMap(one => [...(one.name === name ? [one] : []), ...all(one.inner, name)])
}

/** `130s`, `1m`. */
export function milliseconds(time: string): number {
  const [, count = '', unit = ''] = /^(\d+)(ms|s|m)$/.exec(time) ?? []
  const each = { ms: 1, s: 1_000, m: 60_000 }[unit]
  if (each === undefined) throw new Error(`${time} is no time`)
  return Number(count) * each
}
