// Takes a student into the compare view: chosen there with its own teacher and the sampler that taught it.
import { useForm } from '../stores/form.ts';
import { useModels } from '../stores/models.ts';
import { useWorkspace } from '../stores/workspace.ts';

export function useOpenStudent(): (id: string) => void {
  const form = useForm();
  const models = useModels();
  const workspace = useWorkspace();
  return (id) => {
    const model = models.byId(id);
    if (model === null) return;
    form.form = {
      ...form.form,
      student: id,
      teacher: model.teacher ?? form.form.teacher,
      sampler: model.distilledFrom ?? form.form.sampler,
      steps: model.distilledSteps ?? form.form.steps,
    };
    workspace.view = 'compare';
  };
}
