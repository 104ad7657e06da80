// Whether a Produce answer (version 9) says that all went well, without decoding it: its layout is fixed as long as it
// tells of no error. Anything else is decoded in full, for the message of the exception.
//
//   correlation id i32 │ tags │ topics+1 │ name │ partitions+1 │ … │ throttle i32 │ tags
//   partition: index i32 │ error i16 │ base offset i64 │ append time i64 │ start offset i64 │ 1 = no record errors
//              │ 0 = no message │ tags                                        (33 bytes)

import { apis } from '../../protocol/apis.ts'
import { produceVersion } from './frames.ts'

const partitionSize = 33
const errorPosition = 4

export function correlationIdOf(frame: Buffer): number {
  return frame.readInt32BE(0)
}

/** Throws when a partition was refused. Names and counts below 127, of which one byte tells. */
export function checkProduced(frame: Buffer): void {
  let position = 7 + frame[6]! - 1 // after correlation id, tags and topic count: the name, of a length + 1
  let partitions = frame[position++]! - 1
  let fine = frame[5] === 2
  for (; partitions > 0 && fine; partitions--) {
    fine = frame.readInt16BE(position + errorPosition) === 0 && frame[position + partitionSize - 3] === 1
    position += partitionSize
  }
  if (fine) return
  const { responses } = apis.Produce.response.decode(frame.subarray(5), produceVersion)
  const refused = responses.flatMap((topic) => topic.partitionResponses).find(({ errorCode }) => errorCode !== 0)
  if (refused === undefined) return
  const { index, errorCode, errorMessage } = refused
  throw new Error(`a batch for partition ${index} is refused: error ${errorCode} ${errorMessage ?? ''}`)
}
