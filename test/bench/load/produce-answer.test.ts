import t from 'tap'
import { produceVersion } from '../../../bench/load/frames.ts'
import { checkProduced, correlationIdOf } from '../../../bench/load/produce-answer.ts'
import { apis } from '../../../protocol/apis.ts'

function answer(errorCodes: readonly number[]): Buffer {
  const partitionResponses = errorCodes.map((errorCode, index) => ({
    index,
    errorCode,
    baseOffset: 5n,
    recordErrors: [],
  }))
  const body = { responses: [{ name: 'topic', partitionResponses }], throttleTimeMs: 0 }
  return Buffer.concat([Buffer.of(0, 0, 1, 2, 0), apis.Produce.response.encodeBytes(body, produceVersion)])
}

t.test('an answer without errors passes', async (t) => {
  t.doesNotThrow(() => checkProduced(answer([0])))
  t.doesNotThrow(() => checkProduced(answer(Array.from({ length: 12 }, () => 0))))
  t.equal(correlationIdOf(answer([0])), 258)
})

t.test('one refused partition among many is named', async (t) => {
  t.throws(() => checkProduced(answer([0, 0, 6, 0])), /partition 2 is refused: error 6/)
  t.throws(() => checkProduced(answer([87])), /partition 0 is refused: error 87/)
})
