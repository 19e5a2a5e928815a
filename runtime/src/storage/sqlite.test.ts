import { afterEach } from 'vitest'
import { openSqlite } from './sqlite.ts'
import { changeRow, cleanUp, later, newFolder } from './sqlite-fixture.ts'
import { describeStorage } from './storage.contract.ts'

afterEach(cleanUp)

describeStorage('sqlite', () => {
  const folder = newFolder()
  let store = openSqlite(folder)
  later(() => store.close())
  const reopen = () => {
    store.close()
    store = openSqlite(folder)
    return store
  }
  return {
    store,
    crash: reopen,
    failNextCommit: () => store.limitBytes(100_000),
    flipBit(actor, key) {
      store.close()
      changeRow(store.file, actor, key)
      return reopen()
    },
  }
})
