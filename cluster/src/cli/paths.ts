/** Where relative paths start: where the user stands, though `pnpm cluster` runs scripts in the workspace's folder. */
export function userFolder(): string {
  const { npm_lifecycle_event: script, INIT_CWD: stood } = process.env
  return script === 'cluster' && stood !== undefined ? stood : process.cwd()
}
