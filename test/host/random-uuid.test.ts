import t from 'tap'
import { randomUuid } from '../../host/random-uuid.ts'
import { simulate } from '../../host/simulated/simulation.ts'

t.test('a uuid of ours is one of Kafka', async (t) => {
  const { random } = simulate(1).node('a').host
  for (let count = 0; count < 200; count++) t.match(randomUuid(random), /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
})
