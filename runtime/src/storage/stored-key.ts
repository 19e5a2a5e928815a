/**
 * How a key becomes SQLite text. Rows are ordered by UTF-16 code units (the contract), SQLite orders the bytes of
 * UTF-8, and it cannot hold a lone surrogate at all. So each unit from U+D7FF up is written as two, U+D7FF and the
 * unit's distance from U+D7FE: well-formed, reversible, in the same order. Common keys have none and stay as they are.
 */
const high = /[\ud7ff-\uffff]/
const mark = 0xd7ff

/** Above every stored key. */
export const aboveAllKeys = '\ue000'

export function storedKey(key: string): string {
  if (!high.test(key)) return key
  let stored = ''
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    stored += unit < mark ? String.fromCharCode(unit) : String.fromCharCode(mark, unit - mark + 1)
  }
  return stored
}

export function originalKey(stored: string): string {
  if (!high.test(stored)) return stored
  let key = ''
  for (let i = 0; i < stored.length; i++) {
    const unit = stored.charCodeAt(i)
    key += String.fromCharCode(unit < mark ? unit : mark - 1 + stored.charCodeAt(++i))
  }
  return key
}

/** The smallest key above `key`. */
export function successor(key: string): string {
  return `${key}\0`
}
