//! AlertService: commands are parsed, run and answered in the same way; queries are answered in their room.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use yujian_proto::supervision::v1 as pb;

use crate::Api;
use crate::command::run;
use crate::convert::alert as convert;
use crate::supervision::alert as room;

pub(crate) struct Alerts(pub Arc<Api>);

macro_rules! methods {
    (
        commands { $( $name:ident($request:ident) = $method:literal / $parse:ident; )* }
        queries { $( $query:ident($asked:ident) -> $reply:ident; )* }
    ) => {
        #[tonic::async_trait]
        impl pb::alert_service_server::AlertService for Alerts {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Result<Response<pb::AlertReply>, Status> {
                    let method = concat!("yujian.supervision.v1.AlertService/", $method);
                    let outcome = run(&self.0, request, method, convert::$parse).await?;
                    Ok(Response::new(convert::reply(&outcome)))
                }
            )*
            $(
                async fn $query(&self, request: Request<pb::$asked>) -> Result<Response<pb::$reply>, Status> {
                    room::$query(&self.0, request).await
                }
            )*
        }
    };
}

methods! {
    commands {
        acknowledge_alert(AcknowledgeAlertRequest) = "AcknowledgeAlert" / acknowledge;
        link_alert(LinkAlertRequest) = "LinkAlert" / link;
        dismiss_alert(DismissAlertRequest) = "DismissAlert" / dismiss;
        confirm_alert(ConfirmAlertRequest) = "ConfirmAlert" / confirm;
    }
    queries {
        get_alert(GetAlertRequest) -> GetAlertReply;
        list_alerts(ListAlertsRequest) -> ListAlertsReply;
        get_alert_figures(GetAlertFiguresRequest) -> GetAlertFiguresReply;
        get_alert_precision(GetAlertPrecisionRequest) -> GetAlertPrecisionReply;
    }
}
