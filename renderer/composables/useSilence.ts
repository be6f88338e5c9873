// A clock for jobs: what the host counts (time worked, time left) goes on by itself between two of its messages.
import { useIntervalFn } from '@vueuse/core';
import { ref, watch } from 'vue';
import type { JobRecord } from '../../main/contract/jobs.ts';
import { isAtWork } from '../stores/jobs-list.ts';
import { useJobs } from '../stores/jobs.ts';

/** Seconds since the job was last heard of, ticking; 0 of one that is not at work. */
export function useSilence(record: () => JobRecord) {
  const jobs = useJobs();
  const silence = ref(0);
  const read = (): void => void (silence.value = isAtWork(record().state) ? jobs.silence(record().id) : 0);
  useIntervalFn(read, 1000);
  watch(record, read, { immediate: true });
  return silence;
}
