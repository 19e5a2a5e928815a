/** Whole numbers without bound, as JSON can hold them: a number while that is exact, beyond it the decimal digits. */
export type Exact = number | string

export function plus(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return exact(BigInt(a) + BigInt(b))
}

export function exact(sum: bigint): Exact {
  const number = Number(sum)
  return Number.isSafeInteger(number) ? number : sum.toString()
}
