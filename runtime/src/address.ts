/** Names of nodes and actors. An address is `node/type/name`, for instance `n2/acceptor/stock.3`. */

declare const brand: unique symbol
export type NodeId = string & { readonly [brand]: 'node' }
/** `node/type/name`: where a message goes. */
export type Address = string & { readonly [brand]: 'address' }
/** `type/name`: an actor on its own node, and the owner column of its durable rows. */
export type ActorId = string & { readonly [brand]: 'actor' }

const wellFormed = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** Checks a node id; throws a `TypeError` that says what is allowed. */
export function nodeId(text: string): NodeId {
  if (!wellFormed.test(text)) {
    throw new TypeError(
      `node id ${JSON.stringify(text)}: use 1 to 63 letters, digits, '.', '_' or '-', starting with a letter or digit`,
    )
  }
  return text as NodeId
}

export function actorId(type: string, name: string): ActorId {
  return `${type}/${name}` as ActorId
}

export function address(node: NodeId, type: string, name: string): Address {
  return `${node}/${type}/${name}` as Address
}

export function nodeOf(to: Address): NodeId {
  return to.slice(0, to.indexOf('/')) as NodeId
}

export function actorOf(to: Address): ActorId {
  return to.slice(to.indexOf('/') + 1) as ActorId
}
