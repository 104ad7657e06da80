// DescribeLogDirs (35): log directories of a broker with the sizes of their partitions.

import { array, bool, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const DescribableLogDirTopic = {
  topic: string(),
  partitions: array(int32()),
}

export const DescribeLogDirsRequest = request('DescribeLogDirs', 35, versions(1, 5, { flexible: 2 }), {
  topics: array(DescribableLogDirTopic, { nullable: true }),
})
export type DescribeLogDirsRequest = Infer<typeof DescribeLogDirsRequest>

export const DescribeLogDirsTopic = {
  name: string(),
  partitions: array({
    partitionIndex: int32(),
    partitionSize: int64(),
    offsetLag: int64(),
    isFutureKey: bool(),
  }),
}

export const DescribeLogDirsResult = {
  errorCode: int16(),
  logDir: string(),
  topics: array(DescribeLogDirsTopic),
  totalBytes: int64({ since: 4, default: -1n }),
  usableBytes: int64({ since: 4, default: -1n }),
  isCordoned: bool({ since: 5 }),
}

export const DescribeLogDirsResponse = response('DescribeLogDirs', 35, versions(1, 5, { flexible: 2 }), {
  throttleTimeMs: int32(),
  errorCode: int16({ since: 3 }),
  results: array(DescribeLogDirsResult),
})
export type DescribeLogDirsResponse = Infer<typeof DescribeLogDirsResponse>
