import t from 'tap'
import { textKey } from '../../host/text-key.ts'

t.test('the key of a text is the text, or of a long one what no other text has', async (t) => {
  t.equal(textKey('orders'), 'orders')
  const long = 'u'.repeat(16_384)
  const keys = [long.slice(1), long, `${long}u`, `v${long.slice(1)}`, '', '\u0000'].map(textKey)
  keys.push(textKey(keys[1]!))
  t.equal(new Set(keys).size, keys.length)
  t.equal(textKey(long), keys[1])
  t.ok(keys.every(({ length }) => length < 16_384))
})
