// Throwing a job away, alone or with its student, and the way back.
import { useI18n } from 'vue-i18n';
import type { JobRecord } from '../../../main/contract/jobs.ts';
import { useJobs } from '../../stores/jobs.ts';
import { useNotices } from '../../stores/notices.ts';

export function useDropJob() {
  const { t } = useI18n();
  const store = useJobs();
  const notices = useNotices();

  return async function drop(record: JobRecord, model: boolean): Promise<void> {
    const undo = await store.drop(record.id, model);
    if (undo === null) return;
    const kept = !model && record.model !== null;
    const text = model ? t('jobs.deletedWithModel', { name: record.model ?? '' }) : kept ? t('jobs.deletedWithoutModel', { name: record.model ?? '' }) : t('jobs.deleted');
    notices.show({ text, action: { label: t('history.undo'), run: () => void undo() } });
  };
}
