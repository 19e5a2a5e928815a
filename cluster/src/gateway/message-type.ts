/** The message type that a fault rule names: one that nodes send each other, or the rule would silently do nothing. */
import { messageTypes } from '@synod/actors'
import { z } from 'zod'
import { nearest } from '../config/nearest.ts'

/** `FaultRule.messageType` of the answers to requests, which have no type of their own. */
export const messageTypeNames: readonly string[] = [...messageTypes.betweenNodes, 'reply'].sort()

/** What is wrong with a name; undefined when nothing is. */
export function unfitType(name: string): string | undefined {
  if (messageTypeNames.includes(name)) return undefined
  const all = `nodes send each other: ${messageTypeNames.join(', ')}`
  const shown = JSON.stringify(name.slice(0, 40))
  if (messageTypes.local.includes(name))
    return `${shown} stays within a node, where no fault meets it; ${all}`
  const near = nearest(name, messageTypeNames)
  const meant = near === undefined ? '' : `did you mean ${JSON.stringify(near)}? `
  return `there is no message type ${shown}; ${meant}${all}`
}

export const messageTypeSchema: z.ZodType<string, string> = z.string().superRefine((name, context) => {
  const message = unfitType(name)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})
