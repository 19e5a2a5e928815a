/** Options that are not just text; what does not fit is refused as wrong usage. */
import { InvalidArgumentError } from 'commander'

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('It must be a whole number.')
  return value
}

export function within(least: number, most: number): (text: string) => number {
  return text => {
    const value = wholeNumber(text)
    if (value >= least && value <= most) return value
    const bounds = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`
    throw new InvalidArgumentError(`It must be ${bounds}.`)
  }
}

export function fraction(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('It must be a number from 0 to 1.')
  }
  return value
}
