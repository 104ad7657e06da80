import t from 'tap'
import { Strangers } from './strangers.ts'

for (const seed of [1, 2, 3]) {
  t.test(
    `whatever strangers send, no coordinator and no handler fails, and nothing hangs (seed ${seed})`,
    async (t) => {
      const strangers = await Strangers.start(seed)
      await strangers.run(600)
      await strangers.settle()
      await strangers.serve()
      t.ok(strangers.requests > 500)
    },
  )
}
