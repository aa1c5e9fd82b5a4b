import './public.css';

import { useQuery } from '@tanstack/react-query';
import { Button, Input } from 'antd';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';

import { ApiProblem } from '../api/problem';
import { sealedQuery } from '../api/queries';
import { useTitle } from '../app/session';
import { formatTime } from '../kit/format';
import { Failed, Loading } from '../kit/states';

const STATES = { valid: '有效', expired: '已过期', revoked: '已作废' } as const;

/** Whether a document is genuine: open to everybody who scans its code. */
export function VerifyPage() {
  const { code } = useParams();
  useTitle('证书核验');
  return (
    <main className="public">
      <header><h1>住房保障证书核验</h1></header>
      {code ? <Result code={code} /> : <AskForCode />}
    </main>
  );
}

function Result({ code }: { code: string }) {
  const { data, error, refetch } = useQuery(sealedQuery(code));
  if (error instanceof ApiProblem && error.status === 404) {
    return <><div className="verify-state revoked">查无此证</div><p>核验码不存在。请核对证书上的核验码，谨防伪造证书。</p><AskForCode /></>;
  }
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading text="正在核验" />;
  const genuine = data.signature_valid;
  return (
    <>
      <h2>{data.title}</h2>
      <div className={`verify-state ${genuine ? data.state : 'revoked'}`}>{genuine ? STATES[data.state] : '签名无效'}</div>
      <p>{genuine ? '电子签名有效，内容自签发后未被改动。' : '电子签名校验不通过，请勿采信，并向发证机构核实。'}</p>
      <dl className="verify-facts">
        {data.facts.flatMap((fact) => [<dt key={`t${fact.title}`}>{fact.title}</dt>, <dd key={`v${fact.title}`}>{fact.value}</dd>])}
        <dt>签发时间</dt><dd>{formatTime(data.issued_at)}</dd>
      </dl>
    </>
  );
}

function AskForCode() {
  const [code, setCode] = useState('');
  const navigate = useNavigate();
  const go = () => code.trim() && void navigate(`/verify/${encodeURIComponent(code.replace(/\s+/g, ''))}`);
  return (
    <div className="public-filters">
      <Input aria-label="核验码" placeholder="请输入证书上的核验码" value={code} maxLength={64} onChange={(event) => setCode(event.target.value)} onPressEnter={go} />
      <Button type="primary" onClick={go}>核验</Button>
    </div>
  );
}
