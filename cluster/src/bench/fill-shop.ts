/** The shop's three kinds of rows, made by `batch_init` over HTTP. */
const withinMs = 150_000
const kinds = ['users', 'stock', 'orders'] as const
export type Kind = (typeof kinds)[number]

export interface Filled {
  readonly kind: Kind
  readonly seconds: number
}

export async function fillShop(url: string, each: number): Promise<Filled[]> {
  const paths: Readonly<Record<Kind, string>> = {
    users: `/payment/batch_init/${each}/1000000`,
    stock: `/stock/batch_init/${each}/1000000/1`,
    orders: `/orders/batch_init/${each}/${each}/${each}/1`,
  }
  const filled: Filled[] = []
  for (const kind of kinds) {
    const begun = performance.now()
    const response = await fetch(url + paths[kind], {
      method: 'POST',
      signal: AbortSignal.timeout(withinMs),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`POST ${paths[kind]}: ${response.status} ${text}`)
    filled.push({ kind, seconds: (performance.now() - begun) / 1_000 })
  }
  return filled
}
