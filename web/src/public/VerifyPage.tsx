import { CheckCircleFilled, CloseCircleFilled, ExclamationCircleFilled } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Input } from 'antd';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useNavigate, useParams } from 'react-router';

import { ApiProblem } from '../api/problem';
import { sealedQuery } from '../api/queries';
import { useTitle } from '../app/session';
import { formatTime } from '../kit/format';
import { Failed, Loading } from '../kit/states';
import { PublicPage } from './PublicPage';

const STATES = {
  valid: { icon: <CheckCircleFilled />, title: '证书有效', text: '电子签名有效，内容自签发后未被改动。' },
  expired: { icon: <ExclamationCircleFilled />, title: '证书已过期', text: '电子签名有效，但证书已过有效期。' },
  revoked: { icon: <CloseCircleFilled />, title: '证书已作废', text: '电子签名有效，但证书已被发证机构作废。' },
  forged: { icon: <CloseCircleFilled />, title: '签名无效', text: '电子签名校验不通过，请勿采信，并向发证机构核实。' },
  unknown: { icon: <CloseCircleFilled />, title: '查无此证', text: '核验码不存在。请核对证书上的核验码，谨防伪造证书。' },
};

/** Whether a document is genuine: open to everybody who scans its code. */
export function VerifyPage() {
  const { code } = useParams();
  useTitle('资格证核验');
  return (
    <PublicPage title="资格证核验" purpose={code ? null : '扫描证书上的二维码，或输入证书上的核验码。'}>
      {code ? <Result key={code} code={code} /> : <AskForCode />}
    </PublicPage>
  );
}

function Result({ code }: { code: string }) {
  const { data, error, refetch } = useQuery(sealedQuery(code));
  if (error instanceof ApiProblem && error.status === 404) return <><State of="unknown" /><AskForCode /></>;
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading text="正在核验" />;
  return (
    <>
      <State of={data.signature_valid ? data.state : 'forged'} />
      <section className="card verify-card">
        <h2>{data.title}</h2>
        <dl className="verify-facts">
          {data.facts.map((fact) => <Fact key={fact.title} title={fact.title}>{fact.value}</Fact>)}
          <Fact title="签发时间">{formatTime(data.issued_at)}</Fact>
        </dl>
      </section>
    </>
  );
}

function State({ of }: { of: keyof typeof STATES }) {
  const { icon, title, text } = STATES[of];
  return (
    <div className={`verify-state ${of}`} role="status">
      {icon}
      <div><strong>{title}</strong><p>{text}</p></div>
    </div>
  );
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return <div><dt>{title}</dt><dd>{children}</dd></div>;
}

function AskForCode() {
  const [code, setCode] = useState('');
  const navigate = useNavigate();
  const go = (event: FormEvent) => {
    event.preventDefault();
    const clean = code.replace(/\s+/g, '');
    if (clean) void navigate(`/verify/${encodeURIComponent(clean)}`);
  };
  return (
    <form className="verify-ask" onSubmit={go}>
      <Input aria-label="核验码" placeholder="证书上的核验码" size="large" value={code} maxLength={64} autoComplete="off" onChange={(event) => setCode(event.target.value)} />
      <Button type="primary" size="large" htmlType="submit">核验</Button>
    </form>
  );
}
