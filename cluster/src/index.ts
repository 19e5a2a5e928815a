/** What other packages may know of the cluster: types, and what can be chosen. */
export { type PromiseRow, promises } from './config/choices.ts'
