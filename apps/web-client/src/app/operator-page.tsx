import { useNavigate, useParams } from '@tanstack/react-router';
import { OperatorDetail } from '../features/operator/operator-detail.tsx';
import { OperatorFederations } from '../features/operator/operator-federations.tsx';
import { OperatorGate } from '../features/operator/operator-gate.tsx';

export function OperatorPage() {
  const navigate = useNavigate();
  return (
    <OperatorGate>
      <OperatorFederations
        onCreated={(federation) => void navigate({ to: '/operator/$federation', params: { federation } })}
      />
    </OperatorGate>
  );
}

export function OperatorFederationPage() {
  const { federation } = useParams({ from: '/operator/$federation' });
  return (
    <OperatorGate>
      <OperatorDetail key={federation} id={federation} />
    </OperatorGate>
  );
}
