/** How verbs print: tables for people, JSON for programs; colour only on a terminal that wants it. */
import pc from 'picocolors'

interface Environment {
  readonly FORCE_COLOR?: string | undefined
  readonly NO_COLOR?: string | undefined
  readonly TERM?: string | undefined
}

/** As Node itself decides: FORCE_COLOR above all (0 and false: none), then NO_COLOR, then what is printed on. */
export function wantsColour(isTerminal: boolean, { FORCE_COLOR = '', NO_COLOR, TERM }: Environment): boolean {
  if (FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return isTerminal && (NO_COLOR ?? '') === '' && TERM !== 'dumb'
}

/** Whether a line can be written over. */
export function canRewrite(isTerminal: boolean, { TERM }: Environment): boolean {
  return isTerminal && TERM !== 'dumb'
}

export const colour = pc.createColors(wantsColour(process.stdout.isTTY === true, process.env))
export const errorColour = pc.createColors(wantsColour(process.stderr.isTTY === true, process.env))
const rewrites = canRewrite(process.stderr.isTTY === true, process.env)
const clearLine = '\r\x1b[2K'

/**
 * How far it is, on stderr: what is printed is what was asked for. Where lines cannot be rewritten each has its own.
 */
export function progress(line: string): void {
  process.stderr.write(rewrites ? `${clearLine}${errorColour.dim(line)}` : `${errorColour.dim(line)}\n`)
}

/** Before what was asked for is printed. */
export function endProgress(): void {
  if (rewrites) process.stderr.write(clearLine)
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line of JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

export type Cell = string | number | boolean | null | undefined
export interface Column<Row> {
  readonly title: string
  readonly right?: true
  value(row: Row): Cell
}

function shown(cell: Cell): string {
  if (cell === undefined || cell === null || cell === '') return '–'
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : String(cell)
}

/** Columns as wide as their content, the last one as long as it likes. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map(row => columns.map(column => shown(column.value(row))))
  const widths = columns.map((column, at) =>
    Math.max(column.title.length, ...cells.map(row => row[at]?.length ?? 0)),
  )
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) => {
        const width = widths[at] ?? 0
        if (columns[at]?.right === true) return text.padStart(width)
        return at === columns.length - 1 ? text : text.padEnd(width)
      })
      .join('  ')
  const head = colour.bold(line(columns.map(column => column.title)))
  return [head, ...cells.map(line)].join('\n')
}

/** `1.2 s`, `340 ms`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** A state in the colour of how well it is. */
export function state(name: string): string {
  if (name === 'ready' || name === 'leader' || name === 'up') return colour.green(name)
  if (name === 'killed' || name === 'refused' || name === 'down') return colour.red(name)
  return colour.yellow(name)
}
