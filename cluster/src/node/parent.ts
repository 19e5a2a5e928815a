/** The line to the launcher that spawned this process, if one did. When it breaks, the launcher is gone: so are we. */
export type ToLauncher =
  | { readonly type: 'listening' }
  | { readonly type: 'ready' }
  /** This process cannot start, for a reason that a restart would not mend. */
  | { readonly type: 'refused'; readonly message: string }

export const parent = {
  present: (): boolean => process.send !== undefined,
  tell(message: ToLauncher): void {
    if (process.connected) process.send?.(message)
  },
  onLost(then: () => void): void {
    if (process.send !== undefined) process.once('disconnect', then)
  },
}
