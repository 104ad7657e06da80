import t from 'tap'
import { PersistentMap } from '../../../broker/metadata/persistent-map.ts'
import { SeededRandom } from '../../../host/simulated/random.ts'

t.test('a persistent map behaves like a map, and its copies do not see each other', (t) => {
  const seed = Number(process.env['SEED'] ?? 3000)
  const random = new SeededRandom(seed)
  let map = new PersistentMap<number>()
  let model = new Map<string, number>()
  const history: [PersistentMap<number>, Map<string, number>][] = []
  for (let round = 0; round < 200; round++) {
    const edit = map.edit()
    const next = new Map(model)
    for (let step = 0; step < 20; step++) {
      const key = `key-${random.below(600)}`
      if (random.below(3) === 0) {
        edit.delete(key)
        next.delete(key)
      } else {
        edit.set(key, round)
        next.set(key, round)
      }
    }
    map = edit.finish()
    model = next
    history.push([map, model])
  }
  const differ = history.filter(([each, expected]) => {
    const found = [...each].sort()
    return each.size !== expected.size || JSON.stringify(found) !== JSON.stringify([...expected].sort())
  })
  t.same(differ.length, 0, `SEED=${seed}`)
  t.end()
})
